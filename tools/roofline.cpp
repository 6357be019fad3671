#include "roofline.h"

#include "report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdarg>
#include <cstdio>

namespace tessera::tools {

using compiler::ProfileRow;

namespace {

constexpr double kLeft = 70, kTop = 60, kWidth = 600, kHeight = 420; // of the plot
constexpr double kPictureWidth = 1010, kPictureHeight = 560;
constexpr double kLegend = kLeft + kWidth + 30;
constexpr size_t kNumbered = 18;

constexpr const char *kStyle = R"(<style>
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.small { font-size: 11.5px } .soft { fill: #59636e }
.title { font-size: 16px; font-weight: 600 } .number { font-size: 11px; font-weight: 600 }
.paper { fill: #ffffff } .grid { stroke: #d1d9e0 }
.roof { stroke: #1f2328; stroke-width: 2; fill: none } .one { stroke-width: 1; stroke-dasharray: 5 4 }
.lead { stroke: #59636e; stroke-width: .7 }
.point { fill: #0969da; fill-opacity: .45; stroke: #0969da; stroke-width: 1.2 } .all { fill: #bc4c00 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .soft { fill: #9198a1 } .paper { fill: #0d1117 } .grid { stroke: #30363d }
.roof { stroke: #e6edf3 } .lead { stroke: #9198a1 } .point { fill: #4493f8; stroke: #4493f8 } .all { fill: #f0883e }
}
</style>
)";

/// Appends formatted text.
[[gnu::format(printf, 2, 3)]] void print(std::string &text, const char *format, ...) {
  std::array<char, 1024> line;
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(line.data(), line.size(), format, arguments);
  va_end(arguments);
  text += line.data();
}

std::string escaped(const std::string &text) {
  std::string result;
  for (const char c : text)
    if (c == '<')
      result += "&lt;";
    else if (c == '&')
      result += "&amp;";
    else
      result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  return result;
}

/// The end of a name, where names of one network differ.
std::string shortened(const std::string &name, size_t room) {
  return name.size() > room ? "..." + name.substr(name.size() - (room - 3)) : name;
}

/// A logarithmic axis over whole powers of two.
struct Axis {
  int first, last; ///< exponents
  double from, size;
  double at(double value) const { return from + size * (std::log2(value) - first) / (last - first); }
};

Axis axisOver(double least, double most, double from, double size) {
  return {static_cast<int>(std::floor(std::log2(least))), static_cast<int>(std::ceil(std::log2(most))), from,
          size};
}

struct Point {
  const ProfileRow *row;
  double intensity, rate, x, y, radius;
};

std::vector<Point> pointsOf(const Profile &profile) {
  std::vector<Point> points;
  for (const ProfileRow &row : profile.rows)
    if (row.macs && row.cycles && movedBytes(row))
      points.push_back({&row, static_cast<double>(row.macs) / static_cast<double>(movedBytes(row)),
                        static_cast<double>(row.macs) / static_cast<double>(row.cycles), 0, 0,
                        3 + 26 * std::sqrt(static_cast<double>(row.cycles) /
                                           static_cast<double>(std::max<uint64_t>(profile.cycles, 1)))});
  std::sort(points.begin(), points.end(), [](const Point &a, const Point &b) {
    return a.row->cycles != b.row->cycles ? a.row->cycles > b.row->cycles : a.row < b.row;
  });
  return points;
}

std::string tick(int exponent) {
  return exponent >= 0 ? grouped(uint64_t{1} << exponent) : "1/" + grouped(uint64_t{1} << -exponent);
}

class Picture {
public:
  explicit Picture(const Profile &profile) : profile_(profile), points_(pointsOf(profile)) {
    const double peak = profile.machine.macsPerCycle();
    bus_ = profile.machine.busBits / 8.0;
    double left = peak / bus_ / 4, right = peak / bus_ * 2, low = peak / 4;
    for (const Point &point : points_) {
      left = std::min(left, point.intensity / 1.3);
      right = std::max(right, point.intensity * 1.3);
      low = std::min(low, point.rate / 1.3);
    }
    x_ = axisOver(left, right, kLeft, kWidth);
    y_ = axisOver(low, peak * 1.4, kTop + kHeight, -kHeight);
    for (Point &point : points_) {
      point.x = x_.at(point.intensity);
      point.y = y_.at(point.rate);
    }
  }

  std::string draw() {
    print(text_,
          "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %g %g\" width=\"%g\" height=\"%g\" "
          "role=\"img\">\n",
          kPictureWidth, kPictureHeight, kPictureWidth, kPictureHeight);
    text_ += kStyle;
    print(text_, "<rect class=\"paper\" width=\"%g\" height=\"%g\"/>\n", kPictureWidth, kPictureHeight);
    drawAxes();
    drawRoof();
    for (const Point &point : points_)
      drawPoint(point);
    for (size_t i = 0; i < std::min(points_.size(), kNumbered); ++i)
      drawNumber(points_[i], i + 1);
    drawTotal();
    drawLegend();
    return text_ + "</svg>\n";
  }

private:
  void words(double x, double y, const char *kind, const char *anchor, const std::string &words) {
    print(text_, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\" text-anchor=\"%s\">", x, y, kind, anchor);
    text_ += escaped(words) + "</text>\n";
  }

  void drawAxes() {
    char title[64];
    std::snprintf(
        title, sizeof title, ": %.1f %% of %u a cycle",
        100.0 * static_cast<double>(profile_.total.macs) /
            (static_cast<double>(std::max<uint64_t>(profile_.cycles, 1)) * profile_.machine.macsPerCycle()),
        profile_.machine.macsPerCycle());
    words(kLeft, 28, "title", "start",
          shortened(profile_.model, 40) + " on " + profile_.machine.name + title + ", " +
              grouped(profile_.cycles) + " cycles");
    for (int e = x_.first; e <= x_.last; ++e) {
      const double x = x_.at(std::exp2(e));
      print(text_, "<path class=\"grid\" d=\"M%.1f %gV%g\"/>\n", x, kTop, kTop + kHeight);
      words(x, kTop + kHeight + 18, "small soft", "middle", tick(e));
    }
    for (int e = y_.first; e <= y_.last; ++e) {
      const double y = y_.at(std::exp2(e));
      print(text_, "<path class=\"grid\" d=\"M%g %.1fH%g\"/>\n", kLeft, y, kLeft + kWidth);
      words(kLeft - 8, y + 4, "small soft", "end", tick(e));
    }
    words(kLeft + kWidth / 2, kTop + kHeight + 42, "soft", "middle", "multiply-accumulates a byte moved");
    words(kLeft - 54, kTop - 12, "soft", "start", "multiply-accumulates a cycle");
  }

  /// Where the bus moves `bytes` a cycle, up to the array's roof.
  void drawBus(double bytes, const char *kind, const std::string &text, const char *shift) {
    const double peak = profile_.machine.macsPerCycle(), knee = peak / bytes;
    const double least = std::max(std::exp2(x_.first), std::exp2(y_.first) / bytes);
    const double x0 = x_.at(least), y0 = y_.at(least * bytes), x1 = x_.at(knee), y1 = y_.at(peak);
    print(text_, "<path class=\"%s\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", kind, x0, y0, x1, y1);
    print(text_,
          "<text class=\"small\" text-anchor=\"start\" transform=\"translate(%.1f %.1f) rotate(%.1f)\" "
          "dy=\"%s\">%s</text>\n",
          x0 + 0.06 * (x1 - x0), y0 + 0.06 * (y1 - y0), std::atan2(y1 - y0, x1 - x0) * 180 / M_PI, shift,
          text.c_str());
  }

  void drawRoof() {
    const double peak = profile_.machine.macsPerCycle();
    const std::string bytes = std::to_string(profile_.machine.busBytes());
    drawBus(2 * bus_, "roof", "bus: " + bytes + " bytes a cycle each way", "-8");
    drawBus(bus_, "roof one", bytes + " bytes one way alone", "16");
    print(text_, "<path class=\"roof\" d=\"M%.1f %.1fH%g\"/>\n", x_.at(peak / (2 * bus_)), y_.at(peak),
          kLeft + kWidth);
    words(kLeft + kWidth - 6, y_.at(peak) - 8, "small", "end",
          "array: " + std::to_string(profile_.machine.macsPerCycle()) + " a cycle");
  }

  bool isFree(double x, double y) const {
    const double roof = y_.at(profile_.machine.macsPerCycle());
    if (y < roof && y > roof - 28 && x > kLeft + kWidth - 130) // what the roof is called
      return false;
    if (y < kTop + 6 || y > kTop + kHeight - 6 || x < kLeft + 8 || x > kLeft + kWidth - 8)
      return false;
    return std::none_of(taken_.begin(), taken_.end(),
                        [&](const auto &other) {
                          return std::abs(other.first - x) < 17 && std::abs(other.second - y) < 13;
                        }) &&
           std::none_of(points_.begin(), points_.end(), [&](const Point &other) {
             return std::hypot(other.x - x, other.y - y) < other.radius + 8;
           });
  }

  /// A number at the first place near its point that is free, with a line to it where that is not beside it; none is: no number.
  void drawNumber(const Point &point, size_t number) {
    for (int step = 0; step < 9; ++step)
      for (int eighth : {0, 2, 6, 4, 1, 7, 3, 5}) {
        const double d = point.radius + 9 + 13 * step, angle = eighth * M_PI / 4;
        const double x = point.x + d * std::cos(angle), y = point.y + d * std::sin(angle);
        if (!isFree(x, y))
          continue;
        taken_.emplace_back(x, y);
        if (step)
          print(text_, "<path class=\"lead\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", point.x, point.y,
                x - 7 * std::cos(angle), y - 7 * std::sin(angle));
        words(x, y + 4, "number", "middle", std::to_string(number));
        return;
      }
  }

  void drawPoint(const Point &point) {
    print(text_, "<circle class=\"point\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"><title>", point.x, point.y,
          point.radius);
    text_ += escaped(point.row->name + ": " + grouped(point.row->cycles) + " cycles, ");
    print(text_, "%.1f MACs a cycle, %.1f MACs a byte</title></circle>\n", point.rate, point.intensity);
  }

  void drawTotal() {
    const ProfileRow &total = profile_.total;
    if (!total.macs || !total.cycles || !movedBytes(total))
      return;
    const double x = x_.at(static_cast<double>(total.macs) / static_cast<double>(movedBytes(total)));
    const double y = y_.at(static_cast<double>(total.macs) / static_cast<double>(total.cycles));
    print(text_, "<path class=\"all\" d=\"M%.1f %.1fl7 7l-7 7l-7 -7z\"><title>the network</title></path>\n",
          x, y - 7);
  }

  void drawLegend() {
    double y = kTop;
    print(text_, "<path class=\"all\" d=\"M%g %gl6 6l-6 6l-6 -6z\"/>\n", kLegend + 5, y - 10);
    words(kLegend + 20, y, "small", "start", "the network");
    uint64_t shown = 0, multiplying = 0;
    for (size_t i = 0; i < points_.size(); ++i) {
      const ProfileRow &row = *points_[i].row;
      multiplying += row.cycles;
      if (i >= kNumbered)
        continue;
      shown += row.cycles;
      y += 22;
      words(kLegend + 12, y, "number", "end", std::to_string(i + 1));
      words(kLegend + 20, y, "small", "start", shortened(row.name, 30));
      words(kPictureWidth - 20, y, "small soft", "end", percent(row.cycles));
    }
    if (points_.size() > kNumbered) {
      y += 22;
      words(kLegend + 20, y, "small soft", "start",
            std::to_string(points_.size() - kNumbered) + " more that multiply");
      words(kPictureWidth - 20, y, "small soft", "end", percent(multiplying - shown));
    }
    y += 22;
    words(kLegend + 20, y, "small soft", "start", "everything that does not multiply");
    words(kPictureWidth - 20, y, "small soft", "end", percent(profile_.cycles - multiplying));
    words(kPictureWidth - 20, kTop - 20, "small soft", "end", "of the cycles");
  }

  std::string percent(uint64_t cycles) const {
    char text[16];
    std::snprintf(text, sizeof text, "%.1f %%",
                  100.0 * static_cast<double>(cycles) /
                      static_cast<double>(std::max<uint64_t>(profile_.cycles, 1)));
    return text;
  }

  const Profile &profile_;
  std::vector<Point> points_;
  double bus_ = 1;
  Axis x_{}, y_{};
  std::vector<std::pair<double, double>> taken_;
  std::string text_;
};

} // namespace

std::string rooflineSvg(const Profile &profile) { return Picture(profile).draw(); }

} // namespace tessera::tools
