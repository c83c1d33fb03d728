package main

import (
	"io"
	"log/slog"
)

type logFlags struct {
	Level  slog.Level `default:"info" help:"Minimum severity of log messages: debug, info, warn or error."`
	Format string     `default:"text" enum:"text,json" help:"Format of log messages: text or json."`
}

func (f logFlags) logger(w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: f.Level}
	if f.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
