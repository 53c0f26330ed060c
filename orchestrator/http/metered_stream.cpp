#include "http/metered_stream.h"

#include <algorithm>
#include <new>
#include <span>
#include <utility>

#include "base/time.h"

namespace reallive::http {
namespace {

/// The library reads until nothing is left, and cuts what it has frame by frame, moving all the rest each time: many
/// tiny frames cost the square of their bytes. So it gets no more than this each time it is told that there is some.
constexpr gsize turn_bytes = 16 * 1024;

struct MeteredInput {
  GFilterInputStream parent;
  std::shared_ptr<Meter> meter;
  gsize turn_left;
};
struct MeteredInputClass {
  GFilterInputStreamClass parent;
};
struct MeteredOutput {
  GFilterOutputStream parent;
  std::shared_ptr<Meter> meter;
};
struct MeteredOutputClass {
  GFilterOutputStreamClass parent;
};
struct MeteredStream {
  GIOStream parent;
  GIOStream* base;
  GInputStream* input;
  GOutputStream* output;
};
struct MeteredStreamClass {
  GIOStreamClass parent;
};

void metered_input_pollable_init(GPollableInputStreamInterface* interface);
void metered_output_pollable_init(GPollableOutputStreamInterface* interface);

G_DEFINE_TYPE_WITH_CODE(MeteredInput, metered_input, G_TYPE_FILTER_INPUT_STREAM,
                        G_IMPLEMENT_INTERFACE(G_TYPE_POLLABLE_INPUT_STREAM, metered_input_pollable_init))
G_DEFINE_TYPE_WITH_CODE(MeteredOutput, metered_output, G_TYPE_FILTER_OUTPUT_STREAM,
                        G_IMPLEMENT_INTERFACE(G_TYPE_POLLABLE_OUTPUT_STREAM, metered_output_pollable_init))
G_DEFINE_TYPE(MeteredStream, metered_stream, G_TYPE_IO_STREAM)

template <typename Stream>
Stream* as(gpointer object) {
  return static_cast<Stream*>(object);
}

GPollableInputStream* base_of(MeteredInput* self) {
  return G_POLLABLE_INPUT_STREAM(self->parent.base_stream);
}
GPollableOutputStream* base_of(MeteredOutput* self) {
  return G_POLLABLE_OUTPUT_STREAM(self->parent.base_stream);
}

void metered_input_init(MeteredInput* self) {
  new (&self->meter) std::shared_ptr<Meter>();
  self->turn_left = turn_bytes;
}
void metered_input_finalize(GObject* object) {
  std::destroy_at(&as<MeteredInput>(object)->meter);
  G_OBJECT_CLASS(metered_input_parent_class)->finalize(object);
}
void metered_input_class_init(MeteredInputClass* type) {
  G_OBJECT_CLASS(type)->finalize = metered_input_finalize;
}
void metered_input_pollable_init(GPollableInputStreamInterface* interface) {
  interface->is_readable = [](GPollableInputStream* stream) {
    return g_pollable_input_stream_is_readable(base_of(as<MeteredInput>(stream)));
  };
  interface->create_source = [](GPollableInputStream* stream, GCancellable* cancellable) {
    as<MeteredInput>(stream)->turn_left = turn_bytes;
    GSource* base = g_pollable_input_stream_create_source(base_of(as<MeteredInput>(stream)), cancellable);
    GSource* source = g_pollable_source_new_full(stream, base, nullptr);
    g_source_unref(base);
    return source;
  };
  interface->read_nonblocking = [](GPollableInputStream* stream, void* buffer, gsize size, GError** error) -> gssize {
    auto* self = as<MeteredInput>(stream);
    if (self->turn_left == 0) {
      g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "others first");
      return -1;
    }
    size = std::min(size, self->turn_left);
    const gssize count = g_pollable_input_stream_read_nonblocking(base_of(self), buffer, size, nullptr, error);
    if (count <= 0) return count;
    self->turn_left -= static_cast<gsize>(count);
    const std::span bytes(static_cast<const std::byte*>(buffer), static_cast<size_t>(count));
    if (self->meter->read(bytes, base::system_clock().steady())) return count;
    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE, "the client sends more than it may");
    return -1;
  };
}

void metered_output_init(MeteredOutput* self) {
  new (&self->meter) std::shared_ptr<Meter>();
}
void metered_output_finalize(GObject* object) {
  std::destroy_at(&as<MeteredOutput>(object)->meter);
  G_OBJECT_CLASS(metered_output_parent_class)->finalize(object);
}
void metered_output_class_init(MeteredOutputClass* type) {
  G_OBJECT_CLASS(type)->finalize = metered_output_finalize;
}
void metered_output_pollable_init(GPollableOutputStreamInterface* interface) {
  interface->is_writable = [](GPollableOutputStream* stream) {
    return g_pollable_output_stream_is_writable(base_of(as<MeteredOutput>(stream)));
  };
  interface->create_source = [](GPollableOutputStream* stream, GCancellable* cancellable) {
    GSource* base = g_pollable_output_stream_create_source(base_of(as<MeteredOutput>(stream)), cancellable);
    GSource* source = g_pollable_source_new_full(stream, base, nullptr);
    g_source_unref(base);
    return source;
  };
  interface->write_nonblocking = [](GPollableOutputStream* stream, const void* data, gsize size,
                                    GError** error) -> gssize {
    auto* self = as<MeteredOutput>(stream);
    const gssize count = g_pollable_output_stream_write_nonblocking(base_of(self), data, size, nullptr, error);
    if (count > 0) self->meter->wrote(static_cast<size_t>(count), base::system_clock().steady());
    return count;
  };
}

void closed(GObject* base, GAsyncResult* result, gpointer data) {
  const Object<GTask> task(static_cast<GTask*>(data));
  GError* error = nullptr;
  if (g_io_stream_close_finish(G_IO_STREAM(base), result, &error)) {
    g_task_return_boolean(task.get(), TRUE);
  } else {
    g_task_return_error(task.get(), error);
  }
}

void metered_stream_init(MeteredStream*) {}
void metered_stream_dispose(GObject* object) {
  auto* self = as<MeteredStream>(object);
  g_clear_object(&self->input);
  g_clear_object(&self->output);
  g_clear_object(&self->base);
  G_OBJECT_CLASS(metered_stream_parent_class)->dispose(object);
}
void metered_stream_class_init(MeteredStreamClass* type) {
  G_OBJECT_CLASS(type)->dispose = metered_stream_dispose;
  type->parent.get_input_stream = [](GIOStream* stream) { return as<MeteredStream>(stream)->input; };
  type->parent.get_output_stream = [](GIOStream* stream) { return as<MeteredStream>(stream)->output; };
  type->parent.close_fn = [](GIOStream* stream, GCancellable* cancellable, GError** error) {
    auto* base = as<MeteredStream>(stream)->base;
    return base ? g_io_stream_close(base, cancellable, error) : TRUE;
  };
  type->parent.close_async = [](GIOStream* stream, int priority, GCancellable* cancellable, GAsyncReadyCallback done,
                                gpointer data) {
    GTask* task = g_task_new(stream, cancellable, done, data);
    g_io_stream_close_async(as<MeteredStream>(stream)->base, priority, cancellable, closed, task);
  };
  type->parent.close_finish = [](GIOStream*, GAsyncResult* result, GError** error) {
    return g_task_propagate_boolean(G_TASK(result), error);
  };
}

}  // namespace

Object<GIOStream> metered_stream(GIOStream* base, std::shared_ptr<Meter> meter) {
  auto* stream = as<MeteredStream>(g_object_new(metered_stream_get_type(), nullptr));
  auto* input = as<MeteredInput>(g_object_new(metered_input_get_type(), "base-stream",
                                              g_io_stream_get_input_stream(base), "close-base-stream", FALSE, nullptr));
  auto* output =
      as<MeteredOutput>(g_object_new(metered_output_get_type(), "base-stream", g_io_stream_get_output_stream(base),
                                     "close-base-stream", FALSE, nullptr));
  input->meter = meter;
  output->meter = std::move(meter);
  stream->base = G_IO_STREAM(g_object_ref(base));
  stream->input = G_INPUT_STREAM(input);
  stream->output = G_OUTPUT_STREAM(output);
  return Object<GIOStream>(G_IO_STREAM(stream));
}

}  // namespace reallive::http
