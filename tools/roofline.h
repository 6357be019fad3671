/// The roofline of a profile as a picture.
#ifndef TESSERA_TOOLS_ROOFLINE_H
#define TESSERA_TOOLS_ROOFLINE_H

#include "profile_report.h"

#include <string>

namespace tessera::tools {

/// SVG: multiply-accumulates a cycle over multiply-accumulates a byte moved, both on logarithmic axes, under the roof that the machine's
/// array and bus make. A point a layer that multiplies, its area its share of the cycles; the layers with most cycles are numbered and named.
/// Plain SVG with its colours for light and dark pages inside; no script, no font, nothing to fetch.
std::string rooflineSvg(const Profile &profile);

} // namespace tessera::tools

#endif
