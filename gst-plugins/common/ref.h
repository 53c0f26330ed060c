// Ref<T>: owns one reference to a GObject or GstMiniObject (RAII), so that no bare unref stands outside common/.
// As thread-safe as the reference counts below it; one Ref itself belongs to one thread at a time.
// It never guesses: adopt() takes a reference over, retain() adds one, sink() takes a floating one.
#pragma once

#include <gst/gst.h>
#include <memory>
#include <utility>

namespace reallive {

namespace detail {

template <typename T>
struct RefTraits {  // GObject and GstObject
  static void ref(T* object) { g_object_ref(object); }
  static void unref(T* object) { g_object_unref(object); }
};

template <typename T>
struct MiniObjectTraits {
  static void ref(T* object) { gst_mini_object_ref(GST_MINI_OBJECT_CAST(object)); }
  static void unref(T* object) { gst_mini_object_unref(GST_MINI_OBJECT_CAST(object)); }
};

template <>
struct RefTraits<GstBuffer> : MiniObjectTraits<GstBuffer> {};
template <>
struct RefTraits<GstBufferList> : MiniObjectTraits<GstBufferList> {};
template <>
struct RefTraits<GstCaps> : MiniObjectTraits<GstCaps> {};
template <>
struct RefTraits<GstEvent> : MiniObjectTraits<GstEvent> {};
template <>
struct RefTraits<GstMessage> : MiniObjectTraits<GstMessage> {};
template <>
struct RefTraits<GstQuery> : MiniObjectTraits<GstQuery> {};
template <>
struct RefTraits<GstSample> : MiniObjectTraits<GstSample> {};
template <>
struct RefTraits<GstMemory> : MiniObjectTraits<GstMemory> {};

template <>
struct RefTraits<GMainContext> {
  static void ref(GMainContext* context) { g_main_context_ref(context); }
  static void unref(GMainContext* context) { g_main_context_unref(context); }
};
template <>
struct RefTraits<GMainLoop> {
  static void ref(GMainLoop* loop) { g_main_loop_ref(loop); }
  static void unref(GMainLoop* loop) { g_main_loop_unref(loop); }
};
template <>
struct RefTraits<GSource> {
  static void ref(GSource* source) { g_source_ref(source); }
  static void unref(GSource* source) { g_source_unref(source); }
};
template <>
struct RefTraits<GBytes> {
  static void ref(GBytes* bytes) { g_bytes_ref(bytes); }
  static void unref(GBytes* bytes) { g_bytes_unref(bytes); }
};

}  // namespace detail

template <typename T>
class Ref {
 public:
  Ref() = default;
  Ref(std::nullptr_t) {}  // NOLINT(google-explicit-constructor)
  Ref(const Ref& other) : object_(other.object_) {
    if (object_) detail::RefTraits<T>::ref(object_);
  }
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_) detail::RefTraits<T>::unref(object_);
  }

  /// Takes over a reference that the caller owns (transfer full).
  static Ref adopt(T* object) {
    Ref ref;
    ref.object_ = object;
    return ref;
  }
  /// Adds a reference to a borrowed object (transfer none).
  static Ref retain(T* object) {
    if (object) detail::RefTraits<T>::ref(object);
    return adopt(object);
  }
  /// Takes a new GInitiallyUnowned (transfer floating), such as what gst_element_factory_make() returns.
  static Ref sink(T* object) {
    if (object) g_object_ref_sink(object);
    return adopt(object);
  }

  T* get() const { return object_; }
  T* operator->() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }
  bool operator==(const Ref& other) const { return object_ == other.object_; }

  /// Gives the reference away (transfer full).
  [[nodiscard]] T* release() { return std::exchange(object_, nullptr); }
  void reset() { *this = Ref(); }

 private:
  T* object_ = nullptr;
};

/// A GstStructure that is freed when it goes out of scope.
struct StructureDeleter {
  void operator()(GstStructure* structure) const { gst_structure_free(structure); }
};
using StructurePtr = std::unique_ptr<GstStructure, StructureDeleter>;

struct GFreeDeleter {
  void operator()(void* memory) const { g_free(memory); }
};
/// A g_malloc()ed string.
using CString = std::unique_ptr<char, GFreeDeleter>;

struct GErrorDeleter {
  void operator()(GError* error) const { g_error_free(error); }
};
using GErrorPtr = std::unique_ptr<GError, GErrorDeleter>;

}  // namespace reallive
