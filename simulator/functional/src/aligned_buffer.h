// A zeroed array on a cache line boundary, with room behind its end so that whole vectors may be read there.
#ifndef TESSERA_FUNCTIONAL_ALIGNED_BUFFER_H
#define TESSERA_FUNCTIONAL_ALIGNED_BUFFER_H

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>

namespace tessera::simulator {

template <class T> class AlignedBuffer {
public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(size_t count)
      : data_(
            static_cast<T *>(::operator new(count * sizeof(T) + kSlackBytes, std::align_val_t{kAlignment}))),
        count_(count) {
    fill(T{});
  }
  void fill(T value) { std::fill_n(data_.get(), count_ + kSlackBytes / sizeof(T), value); }
  T *data() { return data_.get(); }
  const T *data() const { return data_.get(); }
  size_t size() const { return count_; }
  T &operator[](size_t i) { return data_.get()[i]; }
  const T &operator[](size_t i) const { return data_.get()[i]; }

private:
  static constexpr size_t kAlignment = 64, kSlackBytes = 128;
  struct Free {
    void operator()(T *p) const { ::operator delete(p, std::align_val_t{kAlignment}); }
  };
  std::unique_ptr<T, Free> data_;
  size_t count_ = 0;
};

} // namespace tessera::simulator

#endif
