// Command tabiya is the whole platform in one binary: `tabiya up` runs all of
// it in one process, and every part runs as a process of its own.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

type cli struct {
	Log   logFlags   `embed:"" prefix:"log-"`
	Debug debugFlags `embed:"" prefix:"debug-"`

	Up        upCmd        `cmd:"" help:"Run everything in this process, with an embedded Kafka, PostgreSQL and S3 unless told of real ones."`
	Replay    replayCmd    `cmd:"" help:"Play a PGN file's games through the public API and compare what history says of them."`
	Service   serviceCmd   `cmd:"" help:"Run one service, or several on one listener."`
	Processor processorCmd `cmd:"" help:"Run one processor; more of the same share its partitions."`
	Sink      sinkCmd      `cmd:"" help:"Run one sink; more of the same share the partitions."`
	Topics    topicsCmd    `cmd:"" help:"Kafka's topics."`
	Token     tokenCmd     `cmd:"" help:"The signing key, and tokens made with it."`
	Ready     readyCmd     `cmd:"" help:"Ask a running part whether it is ready; exit status 0 if it is."`
	Version   versionCmd   `cmd:"" help:"Print the version."`
}

func main() {
	var c cli
	parser, err := newParser(&c)
	if err != nil {
		fmt.Fprintln(os.Stderr, "tabiya:", err)
		os.Exit(2)
	}
	command, err := parser.Parse(os.Args[1:])
	parser.FatalIfErrorf(err)

	logger := c.Log.logger(os.Stderr)
	slog.SetDefault(logger) // for libraries that know no other
	ctx, stop := untilInterrupted(logger)
	defer stop()
	command.BindTo(ctx, (*context.Context)(nil))
	err = c.Debug.serve(ctx, logger)
	if err == nil {
		err = command.Run(logger)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "tabiya:", err)
		os.Exit(1)
	}
}

func newParser(c *cli) (*kong.Kong, error) {
	return kong.New(c,
		kong.Name("tabiya"),
		kong.Description("A chess platform whose database is the log. Every flag has a twin in the environment."),
		kong.DefaultEnvars("TABIYA"),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.ShortUsageOnError(),
	)
}

// untilInterrupted gives a context that the first interrupt ends; the second one
// ends the process, as does a kill at any time: nothing answered is lost by it.
func untilInterrupted(logger *slog.Logger) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		logger.Info("stopping; once more stops at once")
		cancel()
		<-signals
		os.Exit(130)
	}()
	return ctx, cancel
}
