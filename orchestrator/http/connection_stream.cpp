// The GObject classes that the library needs to see: a GIOStream with pollable ends over a Connection.
#include <utility>

#include "http/connection.h"
#include "http/gobject.h"

namespace reallive::http {
namespace {

struct RealliveHttpInput {
  GInputStream parent;
  ConnectionPtr* connection;
};
struct RealliveHttpInputClass {
  GInputStreamClass parent;
};
struct RealliveHttpOutput {
  GOutputStream parent;
  ConnectionPtr* connection;
};
struct RealliveHttpOutputClass {
  GOutputStreamClass parent;
};
struct RealliveHttpStream {
  GIOStream parent;
  ConnectionPtr* connection;
  GInputStream* input;
  GOutputStream* output;
};
struct RealliveHttpStreamClass {
  GIOStreamClass parent;
};

template <typename Kind>
Connection& connection_of(gpointer object) {
  return **reinterpret_cast<Kind*>(object)->connection;
}

/// Tries until it moved something, failed, or was cancelled. Only for the library's worker threads.
template <typename Move>
gssize move_blocking(Connection& connection, bool for_reading, GCancellable* cancellable, GError** error, Move move) {
  for (;;) {
    if (g_cancellable_set_error_if_cancelled(cancellable, error)) return -1;
    GError* problem = nullptr;
    const gssize moved = move(&problem);
    if (moved >= 0) return moved;
    if (!g_error_matches(problem, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) {
      g_propagate_error(error, problem);
      return -1;
    }
    g_error_free(problem);
    connection.wait(for_reading);
  }
}

GSource* pollable_source(gpointer stream, Connection& connection, bool for_reading, GCancellable* cancellable) {
  GSource* child = connection.create_source(for_reading);
  GSource* source = g_pollable_source_new_full(stream, child, cancellable);
  g_source_unref(child);
  return source;
}

gssize input_read(GInputStream* stream, void* into, gsize size, GCancellable* cancellable, GError** error) {
  Connection& connection = connection_of<RealliveHttpInput>(stream);
  return move_blocking(connection, true, cancellable, error,
                       [&](GError** problem) { return connection.read(into, size, problem); });
}

void input_pollable_init(GPollableInputStreamInterface* interface) {
  interface->is_readable = [](GPollableInputStream* stream) -> gboolean {
    return connection_of<RealliveHttpInput>(stream).can_read();
  };
  interface->create_source = [](GPollableInputStream* stream, GCancellable* cancellable) {
    return pollable_source(stream, connection_of<RealliveHttpInput>(stream), true, cancellable);
  };
  interface->read_nonblocking = [](GPollableInputStream* stream, void* into, gsize size, GError** error) {
    return connection_of<RealliveHttpInput>(stream).read(into, size, error);
  };
}

G_DEFINE_TYPE_WITH_CODE(RealliveHttpInput, input_stream, G_TYPE_INPUT_STREAM,
                        G_IMPLEMENT_INTERFACE(G_TYPE_POLLABLE_INPUT_STREAM, input_pollable_init))

void input_stream_init(RealliveHttpInput*) {}

void input_stream_class_init(RealliveHttpInputClass* type) {
  type->parent.read_fn = input_read;
  G_OBJECT_CLASS(type)->finalize = [](GObject* object) {
    delete reinterpret_cast<RealliveHttpInput*>(object)->connection;
    G_OBJECT_CLASS(input_stream_parent_class)->finalize(object);
  };
}

gssize output_write(GOutputStream* stream, const void* bytes, gsize size, GCancellable* cancellable, GError** error) {
  Connection& connection = connection_of<RealliveHttpOutput>(stream);
  return move_blocking(connection, false, cancellable, error,
                       [&](GError** problem) { return connection.write(bytes, size, problem); });
}

void output_pollable_init(GPollableOutputStreamInterface* interface) {
  interface->is_writable = [](GPollableOutputStream* stream) -> gboolean {
    return connection_of<RealliveHttpOutput>(stream).can_write();
  };
  interface->create_source = [](GPollableOutputStream* stream, GCancellable* cancellable) {
    return pollable_source(stream, connection_of<RealliveHttpOutput>(stream), false, cancellable);
  };
  interface->write_nonblocking = [](GPollableOutputStream* stream, const void* bytes, gsize size, GError** error) {
    return connection_of<RealliveHttpOutput>(stream).write(bytes, size, error);
  };
}

G_DEFINE_TYPE_WITH_CODE(RealliveHttpOutput, output_stream, G_TYPE_OUTPUT_STREAM,
                        G_IMPLEMENT_INTERFACE(G_TYPE_POLLABLE_OUTPUT_STREAM, output_pollable_init))

void output_stream_init(RealliveHttpOutput*) {}

void output_stream_class_init(RealliveHttpOutputClass* type) {
  type->parent.write_fn = output_write;
  G_OBJECT_CLASS(type)->finalize = [](GObject* object) {
    delete reinterpret_cast<RealliveHttpOutput*>(object)->connection;
    G_OBJECT_CLASS(output_stream_parent_class)->finalize(object);
  };
}

G_DEFINE_TYPE(RealliveHttpStream, stream, G_TYPE_IO_STREAM)

void stream_init(RealliveHttpStream*) {}

void stream_class_init(RealliveHttpStreamClass* type) {
  type->parent.get_input_stream = [](GIOStream* stream) {
    return reinterpret_cast<RealliveHttpStream*>(stream)->input;
  };
  type->parent.get_output_stream = [](GIOStream* stream) {
    return reinterpret_cast<RealliveHttpStream*>(stream)->output;
  };
  type->parent.close_fn = [](GIOStream* stream, GCancellable*, GError**) -> gboolean {
    connection_of<RealliveHttpStream>(stream).close();
    return TRUE;
  };
  // GIO would close on a thread of its own, which is not the one that counts connections; nothing here waits.
  type->parent.close_async = [](GIOStream* stream, int priority, GCancellable* cancellable, GAsyncReadyCallback done,
                                gpointer data) {
    const Object<GTask> task(g_task_new(stream, cancellable, done, data));
    g_task_set_priority(task.get(), priority);
    connection_of<RealliveHttpStream>(stream).close();
    g_task_return_boolean(task.get(), TRUE);
  };
  type->parent.close_finish = [](GIOStream*, GAsyncResult* result, GError** error) {
    return g_task_propagate_boolean(G_TASK(result), error);
  };
  G_OBJECT_CLASS(type)->finalize = [](GObject* object) { G_OBJECT_CLASS(stream_parent_class)->finalize(object); };
  G_OBJECT_CLASS(type)->dispose = [](GObject* object) {
    G_OBJECT_CLASS(stream_parent_class)->dispose(object);  // closes
    auto* self = reinterpret_cast<RealliveHttpStream*>(object);
    g_clear_object(&self->input);
    g_clear_object(&self->output);
    delete std::exchange(self->connection, nullptr);
  };
}

}  // namespace

GIOStream* new_stream(const ConnectionPtr& connection) {
  auto* self = reinterpret_cast<RealliveHttpStream*>(g_object_new(stream_get_type(), nullptr));
  self->connection = new ConnectionPtr(connection);
  auto* input = reinterpret_cast<RealliveHttpInput*>(g_object_new(input_stream_get_type(), nullptr));
  input->connection = new ConnectionPtr(connection);
  auto* output = reinterpret_cast<RealliveHttpOutput*>(g_object_new(output_stream_get_type(), nullptr));
  output->connection = new ConnectionPtr(connection);
  self->input = &input->parent;
  self->output = &output->parent;
  return &self->parent;
}

}  // namespace reallive::http
