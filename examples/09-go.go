// SPDX-License-Identifier: ISC

// 09-go - a Go HTTP server, whose requests and the calls that they wait for are spans.
//
//	go run 09-go.go go.callgrind go.pb
//	callgrind_annotate --inclusive=yes go.callgrind
//	go tool pprof -top -cum go.pb
//
// Middleware begins a span for each request; Begin and End mark the calls that it waits for.  The span travels in the
// context.  A request waits for all of its calls that are open; while none is open, its time is its own.  A stack is
// that of the enclosing span, and then the Go functions down to the one that called Begin.
package main

/*
#cgo pkg-config: theseus
#include <stdlib.h>
#include <theseus-stdio.h>

static int write_callgrind(const theseus_profile *profile, int fd) {
  theseus_graph *graph;
  const theseus_sink sink = theseus_fd_sink(fd);
  int status = theseus_graph_from_profile(profile, NULL, &graph);
  if (status)
    return status;
  status = theseus_callgrind_write(graph, &sink);
  theseus_graph_free(graph);
  return status;
}

static int write_pprof(const theseus_profile *profile, int fd) {
  const theseus_sink sink = theseus_fd_sink(fd);
  return theseus_pprof_write(profile, NULL, &sink);
}
*/
import "C"

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"
	"unsafe"
)

// ---- the profiler ----

// Profile may be used by all goroutines: a mutex lets one at a time into the library.
type Profile struct {
	lock      sync.Mutex
	handle    *C.theseus_profile
	functions map[string]C.uint32_t
	began     time.Time
}

// Op is an operation that is pending.
type Op struct {
	profile *Profile
	span    C.uint64_t
	stack   C.uint32_t
	frames  []runtime.Frame // of its goroutine, when it began
}

type key struct{}

func check(status C.int) {
	if status != 0 {
		log.Panic(C.GoString(C.theseus_strerror(status)))
	}
}

func NewProfile() *Profile {
	p := &Profile{functions: map[string]C.uint32_t{}, began: time.Now()}
	check(C.theseus_profile_new(nil, &p.handle))
	return p
}

func (p *Profile) now() C.uint64_t { return C.uint64_t(time.Since(p.began)) }

func (p *Profile) function(file, name string, line int) C.uint32_t {
	id, known := p.functions[file+"\x00"+name]
	if !known {
		cfile, cname := C.CString(file), C.CString(name)
		defer C.free(unsafe.Pointer(cfile))
		defer C.free(unsafe.Pointer(cname))
		check(C.theseus_function_intern(p.handle, cfile, cname, C.uint32_t(line), &id))
		p.functions[file+"\x00"+name] = id
	}
	return id
}

// Frames of Go's own HTTP server and client say nothing about this program.
func machinery(name string) bool {
	return strings.HasPrefix(name, "runtime.") || strings.HasPrefix(name, "net/http")
}

// Returns the frames of this goroutine, from the function that called Begin outwards.
func goFrames() (kept []runtime.Frame) {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(4, pcs)])
	for more := true; more; {
		var frame runtime.Frame
		if frame, more = frames.Next(); frame.Function != "" && !machinery(frame.Function) {
			kept = append(kept, frame)
		}
	}
	return
}

// Pushes frames, the outermost first, on the stack of the enclosing operation.
func (p *Profile) push(outer *Op, frames []runtime.Frame) (stack C.uint32_t, line C.uint32_t) {
	if outer != nil {
		stack = outer.stack
		if inner := len(frames) - len(outer.frames); inner >= 0 && sameFunctions(frames[inner:], outer.frames) {
			frames = frames[:inner] // the same goroutine: the others are in that stack already
		}
	}
	for i := len(frames) - 1; i >= 0; i-- {
		first := 0
		if frames[i].Func != nil {
			_, first = frames[i].Func.FileLine(frames[i].Entry)
		}
		function := p.function(frames[i].File, frames[i].Function, first)
		check(C.theseus_stack_push(p.handle, stack, function, line, &stack))
		line = C.uint32_t(frames[i].Line)
	}
	return
}

func sameFunctions(a, b []runtime.Frame) bool {
	for i := range a {
		if a[i].Entry != b[i].Entry {
			return false
		}
	}
	return true
}

// Begin begins an operation called name, in the one that the context carries.
func (p *Profile) Begin(ctx context.Context, name string) (context.Context, *Op) {
	p.lock.Lock()
	defer p.lock.Unlock()
	return p.begin(ctx, name)
}

func (p *Profile) begin(ctx context.Context, name string) (context.Context, *Op) {
	outer, _ := ctx.Value(key{}).(*Op)
	op := &Op{profile: p, frames: goFrames()}
	stack, line := p.push(outer, op.frames)
	check(C.theseus_stack_push(p.handle, stack, p.function("", name, 0), line, &op.stack))
	options := C.theseus_span_options{stack: op.stack, now_ns: p.now()}
	options.size = C.size_t(unsafe.Sizeof(options))
	if outer != nil {
		options.parent = outer.span
	}
	check(C.theseus_span_begin(p.handle, &options, &op.span))
	check(C.theseus_span_await(p.handle, op.span, nil, C.THESEUS_ALL, 0, 0, options.now_ns)) // for all calls to come
	if outer != nil {
		check(C.theseus_span_release(p.handle, op.span, options.now_ns)) // the outer one waits for this one from now on
	}
	return context.WithValue(ctx, key{}, op), op
}

// End ends an operation.
func (op *Op) End(err error) {
	op.profile.lock.Lock()
	defer op.profile.lock.Unlock()
	outcome := C.int(C.THESEUS_SUCCESS)
	if err == context.Canceled {
		outcome = C.THESEUS_CANCELLED
	} else if err != nil {
		outcome = C.THESEUS_FAILURE
	}
	check(C.theseus_span_end(op.profile.handle, op.span, outcome, op.profile.now()))
}

// Middleware makes each request an operation, which fails if the status is 500 or more.
func (p *Profile) Middleware(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, op := p.Begin(r.Context(), r.Method+" "+r.URL.Path)
		seen := &statusWriter{w, nil}
		defer func() { op.End(seen.err) }()
		handler.ServeHTTP(seen, r.WithContext(ctx))
	})
}

type statusWriter struct {
	http.ResponseWriter
	err error
}

func (w *statusWriter) WriteHeader(status int) {
	if status >= 500 {
		w.err = fmt.Errorf("status %d", status)
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write writes what was measured so far, open operations included.
func (p *Profile) Write(path string, pprof bool) error {
	p.lock.Lock()
	defer p.lock.Unlock()
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	C.theseus_settle(p.handle, p.now())
	if pprof {
		check(C.write_pprof(p.handle, C.int(file.Fd())))
	} else {
		check(C.write_callgrind(p.handle, C.int(file.Fd())))
	}
	return file.Close()
}

// ---- the program ----

var profile = NewProfile()

func query(ctx context.Context, name string, takes time.Duration) {
	_, op := profile.Begin(ctx, "query "+name)
	time.Sleep(takes)
	op.End(nil)
}

func page(w http.ResponseWriter, r *http.Request) {
	query(r.Context(), "user", 50*time.Millisecond)
	var both sync.WaitGroup
	for _, name := range []string{"news", "mail"} { // at the same time
		both.Add(1)
		go func() {
			query(r.Context(), name, 100*time.Millisecond)
			both.Done()
		}()
	}
	both.Wait()
	fmt.Fprintln(w, "hello")
}

func broken(w http.ResponseWriter, r *http.Request) {
	http.Error(w, "sorry", http.StatusInternalServerError)
}

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/page", page)
	mux.HandleFunc("/broken", broken)
	server := httptest.NewServer(profile.Middleware(mux))
	for _, path := range []string{"/page", "/page", "/broken"} {
		response, err := http.Get(server.URL + path)
		if err != nil {
			log.Fatal(err)
		}
		response.Body.Close()
	}
	server.Close()
	if len(os.Args) < 3 {
		os.Args = append(os.Args[:1], "go.callgrind", "go.pb")
	}
	for i, path := range os.Args[1:3] {
		if err := profile.Write(path, i == 1); err != nil {
			log.Fatal(err)
		}
	}
}
