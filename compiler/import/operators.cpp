#include "import/operators.h"

namespace tessera::compiler::frontend {

ImportFunction functionFor(tflite::BuiltinOperator code) {
  using Code = tflite::BuiltinOperator;
  switch (code) {
  case Code::CONV_2D:
    return importConv2D;
  case Code::DEPTHWISE_CONV_2D:
    return importDepthwiseConv2D;
  case Code::FULLY_CONNECTED:
    return importFullyConnected;
  case Code::TRANSPOSE_CONV:
    return importTransposeConv;
  case Code::ADD:
  case Code::SUB:
    return importAddSub;
  case Code::MUL:
    return importMul;
  case Code::DIV:
    return importDiv;
  case Code::MAXIMUM:
  case Code::MINIMUM:
    return importExtreme;
  case Code::RELU:
  case Code::RELU_N1_TO_1:
  case Code::RELU6:
    return importRelu;
  case Code::QUANTIZE:
    return importQuantize;
  case Code::DEQUANTIZE:
    return importDequantize;
  case Code::LOGISTIC:
    return importLogistic;
  case Code::TANH:
    return importTanh;
  case Code::LEAKY_RELU:
    return importLeakyRelu;
  case Code::AVERAGE_POOL_2D:
  case Code::MAX_POOL_2D:
    return importPool;
  case Code::MEAN:
    return importMean;
  case Code::PAD:
  case Code::PADV2:
    return importPad;
  case Code::RESHAPE:
  case Code::SQUEEZE:
  case Code::EXPAND_DIMS:
    return importReshape;
  case Code::CONCATENATION:
    return importConcatenation;
  case Code::PACK:
    return importPack;
  case Code::UNPACK:
    return importUnpack;
  case Code::SPLIT:
    return importSplit;
  case Code::SPLIT_V:
    return importSplitV;
  case Code::TRANSPOSE:
    return importTranspose;
  case Code::SVDF:
    return importSvdf;
  case Code::UNIDIRECTIONAL_SEQUENCE_LSTM:
    return importLstm;
  case Code::SHAPE:
    return importShape;
  case Code::SLICE:
    return importSlice;
  case Code::STRIDED_SLICE:
    return importStridedSlice;
  case Code::ARG_MAX:
  case Code::ARG_MIN:
    return importArg;
  case Code::REDUCE_MAX:
  case Code::REDUCE_MIN:
  case Code::REDUCE_PROD:
  case Code::SUM:
    return importReduce;
  case Code::RESIZE_BILINEAR:
    return importResizeBilinear;
  case Code::RESIZE_NEAREST_NEIGHBOR:
    return importResizeNearest;
  case Code::SPACE_TO_DEPTH:
  case Code::DEPTH_TO_SPACE:
    return importDepth;
  case Code::SPACE_TO_BATCH_ND:
  case Code::BATCH_TO_SPACE_ND:
    return importBatch;
  case Code::GATHER:
    return importGather;
  case Code::EXP:
  case Code::LOG:
  case Code::ABS:
  case Code::NEG:
  case Code::FLOOR:
  case Code::CEIL:
  case Code::SIN:
  case Code::COS:
  case Code::SQUARE:
  case Code::SQRT:
  case Code::RSQRT:
  case Code::HARD_SWISH:
    return importUnary;
  case Code::PRELU:
    return importPrelu;
  case Code::SOFTMAX:
    return importSoftmax;
  default:
    return nullptr;
  }
}

} // namespace tessera::compiler::frontend
