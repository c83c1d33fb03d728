package main

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"time"
)

type debugFlags struct {
	Listen string `placeholder:"ADDRESS" help:"Address of Go's profiler, /debug/pprof/. Do not expose it to clients. Default: no profiler."`
}

// serve starts the profiler on its own listener. It runs until ctx ends.
func (f debugFlags) serve(ctx context.Context, logger *slog.Logger) error {
	if f.Listen == "" {
		return nil
	}
	listener, err := listen(f.Listen)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	logger.Info("profiler listening", "url", listenerURL(listener)+"/debug/pprof/")
	go func() { _ = server.Serve(listener) }() // returns when ctx ends
	return nil
}
