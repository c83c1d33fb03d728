package httpx

import (
	"context"
	"net/http"
)

// AnswerHead makes a handler answer HEAD wherever it answers GET (RFC 9110, 9.3.2). The
// server discards the body, since it knows the method that the client sent. A stream
// ends once its header is written.
func AnswerHead(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodHead {
			handler.ServeHTTP(w, r)
			return
		}
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		get := r.Clone(ctx)
		get.Method = http.MethodGet
		get.Header.Del("Upgrade") // a HEAD cannot become a WebSocket
		head := &headWriter{ResponseWriter: w, onHeader: cancel}
		defer func() {
			// A handler that finds its client gone in the middle of a body aborts.
			if reason := recover(); reason != nil && (reason != http.ErrAbortHandler || !head.written) {
				panic(reason)
			}
		}()
		handler.ServeHTTP(head, get)
	})
}

// headWriter calls onHeader when the header of a response is written.
type headWriter struct {
	http.ResponseWriter
	onHeader func()
	written  bool
}

func (w *headWriter) WriteHeader(status int) {
	w.ResponseWriter.WriteHeader(status)
	w.written = true
	w.onHeader()
}

func (w *headWriter) Write(b []byte) (int, error) {
	if !w.written {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (w *headWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
