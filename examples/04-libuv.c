/* SPDX-License-Identifier: ISC */
/* 04-libuv - an asynchronous C program on libuv, each of whose pending requests is a span.
 *
 *     cc -o 04-libuv 04-libuv.c $(pkg-config --cflags --libs theseus libuv)
 *     ./04-libuv callgrind.out.libuv && callgrind_annotate --inclusive=yes callgrind.out.libuv
 *
 * A job sleeps 200 ms, reads this program's file, connects to a server (which is in this program too) and reads its
 * greeting, which the server sends after 100 ms.  A stack is written as the source reads: what a callback starts is
 * under that callback, which is under the request that it is the callback of.  The whole job is a span, and the
 * requests that it waits for, one by one, are its children: so its Wait is taken apart into theirs. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <theseus-stdio.h>
#include <uv.h>

static theseus_profile *profile;
static uint64_t job;             /* the span that waits for all others */
static uint32_t job_stack, here; /* here: the stack of the function that is running */
static struct sockaddr_in address;
static uv_timer_t sleep_timer, greeting_timer;
static uv_tcp_t server, served, client;
static uv_fs_t request;
static uv_connect_t connecting;
static uv_write_t writing;
static char buffer[4096];

static void check(int status, const char *(*say)(int)) {
  if (status < 0) {
    fprintf(stderr, "04-libuv: %s\n", say(status));
    exit(1);
  }
}

/* ---- what a profiler adds: a pending request, its beginning and its end ---- */

struct pending {
  uint64_t span;
  uint32_t stack;
};

static uint32_t push(uint32_t stack, const char *name, int first_line, int call_line) {
  uint32_t function;
  check(theseus_function_intern(profile, __FILE__, name, (uint32_t)first_line, &function), theseus_strerror);
  check(theseus_stack_push(profile, stack, function, (uint32_t)call_line, &stack), theseus_strerror);
  return stack;
}

/* A request was started on a line of the function that is running; the job waits for it now. */
static struct pending begin(const char *what, int line) {
  struct pending pending = {.stack = push(here, what, 0, line)};
  const theseus_span_options options = {
      .size = sizeof options, .stack = pending.stack, .parent = job, .now_ns = uv_hrtime()};
  check(theseus_span_begin(profile, &options, &pending.span), theseus_strerror);
  check(theseus_span_await(profile, job, &pending.span, 1, job_stack, 0, options.now_ns), theseus_strerror);
  return pending;
}

/* A request is over, and its callback runs. */
static void end(struct pending pending, const char *callback, int first_line) {
  check(theseus_span_end(profile, pending.span, THESEUS_SUCCESS, uv_hrtime()), theseus_strerror);
  here = push(pending.stack, callback, first_line, 0);
}

#define BEGIN(what) begin(what, __LINE__)
#define END(pending) end(pending, __func__, __LINE__)

/* ---- the program ---- */

static struct pending sleeping, reading, connected, greeting;

static void on_sent(uv_write_t *req, int status) {
  check(status, uv_strerror);
  uv_close((uv_handle_t *)req->handle, NULL);
}

static void on_greeting_time(uv_timer_t *timer) {
  uv_buf_t text = uv_buf_init((char[]){"hello"}, 5);
  check(uv_write(&writing, timer->data, &text, 1, on_sent), uv_strerror);
}

static void on_client(uv_stream_t *listener, int status) {
  check(status, uv_strerror);
  uv_tcp_init(listener->loop, &served);
  check(uv_accept(listener, (uv_stream_t *)&served), uv_strerror);
  greeting_timer.data = &served;
  uv_update_time(listener->loop); /* timers count from the time that the loop has noted, which may be long ago */
  uv_timer_start(&greeting_timer, on_greeting_time, 100, 0);
  uv_close((uv_handle_t *)listener, NULL);
}

static void allocate(uv_handle_t *handle, size_t size, uv_buf_t *out) {
  (void)handle, (void)size;
  *out = uv_buf_init(buffer, sizeof buffer);
}

static void on_greeting(uv_stream_t *stream, ssize_t size, const uv_buf_t *text) {
  END(greeting);
  check(size < 0 ? (int)size : 0, uv_strerror);
  printf("the server says %.*s\n", (int)size, text->base);
  uv_close((uv_handle_t *)stream, NULL);
  check(theseus_span_end(profile, job, THESEUS_SUCCESS, uv_hrtime()), theseus_strerror);
}

static void on_connected(uv_connect_t *req, int status) {
  END(connected);
  check(status, uv_strerror);
  check(uv_read_start(req->handle, allocate, on_greeting), uv_strerror);
  greeting = BEGIN("uv_read");
}

static void on_read(uv_fs_t *req) {
  END(reading);
  printf("the file begins with %.3s\n", req->result > 3 ? buffer + 1 : "");
  uv_fs_req_cleanup(req);
  check(uv_tcp_connect(&connecting, &client, (const struct sockaddr *)&address, on_connected), uv_strerror);
  connected = BEGIN("uv_tcp_connect");
}

static void on_timer(uv_timer_t *timer) {
  END(sleeping);
  uv_buf_t room = uv_buf_init(buffer, sizeof buffer);
  check(uv_fs_read(timer->loop, &request, *(int *)timer->data, &room, 1, 0, on_read), uv_strerror);
  reading = BEGIN("uv_fs_read");
}

static void start(int *file) {
  job_stack = here = push(here, __func__, __LINE__, 0);
  const theseus_span_options options = {.size = sizeof options, .stack = here, .now_ns = uv_hrtime()};
  check(theseus_span_begin(profile, &options, &job), theseus_strerror);
  sleep_timer.data = file;
  uv_update_time(sleep_timer.loop);
  uv_timer_start(&sleep_timer, on_timer, 200, 0);
  sleeping = BEGIN("uv_timer");
}

int main(int argc, char **argv) {
  uv_loop_t *loop = uv_default_loop();
  theseus_graph *graph;
  int file = open(argv[0], O_RDONLY), length = sizeof address;

  check(theseus_profile_new(NULL, &profile), theseus_strerror);
  here = push(THESEUS_ROOT, __func__, __LINE__, 0);
  check(file, uv_strerror);
  uv_timer_init(loop, &sleep_timer);
  uv_timer_init(loop, &greeting_timer);
  uv_tcp_init(loop, &server);
  uv_tcp_init(loop, &client);
  uv_ip4_addr("127.0.0.1", 0, &address);
  check(uv_tcp_bind(&server, (const struct sockaddr *)&address, 0), uv_strerror);
  check(uv_tcp_getsockname(&server, (struct sockaddr *)&address, &length), uv_strerror);
  check(uv_listen((uv_stream_t *)&server, 1, on_client), uv_strerror);
  start(&file);
  uv_run(loop, UV_RUN_DEFAULT);

  FILE *out = fopen(argc > 1 ? argv[1] : "callgrind.out.libuv", "wb");
  if (!out)
    return perror("04-libuv"), 1;
  const theseus_sink sink = theseus_file_sink(out);
  check(theseus_graph_from_profile(profile, NULL, &graph), theseus_strerror);
  check(theseus_callgrind_write(graph, &sink), theseus_strerror);
  if (fclose(out))
    return perror("04-libuv"), 1;
  theseus_graph_free(graph);
  theseus_profile_free(profile);
  return 0;
}
