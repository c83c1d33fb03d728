// Command tabiya is the whole platform in one binary. `tabiya up` runs everything
// in one process; the other commands run one service, processor or sink each.
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

	ShowVersion kong.VersionFlag `name:"version" env:"-" help:"Print the version."`

	Up        upCmd        `cmd:"" help:"Run everything in one process. Kafka, PostgreSQL and S3 are embedded unless flags name real ones."`
	Replay    replayCmd    `cmd:"" help:"Play the games of a PGN file through the public API and compare them with what history returns."`
	Service   serviceCmd   `cmd:"" help:"Run one service, or several on one listener."`
	Processor processorCmd `cmd:"" help:"Run one processor. Several processes of the same processor share its partitions."`
	Sink      sinkCmd      `cmd:"" help:"Run one sink. Several processes of the same sink share its partitions."`
	Topics    topicsCmd    `cmd:"" help:"Manage the Kafka topics."`
	Rebuild   rebuildCmd   `cmd:"" help:"Make derived data again from the log."`
	Upgrade   upgradeCmd   `cmd:"" help:"Finish an upgrade to this release, once no older one runs."`
	Repair    repairCmd    `cmd:"" help:"List the rows that cannot be read, and repair them."`
	Accounts  accountsCmd  `cmd:"" help:"Bring accounts back after an older dump was restored, and issue codes for new passwords."`
	Token     tokenCmd     `cmd:"" help:"Manage the signing key and issue service tokens."`
	Ready     readyCmd     `cmd:"" help:"Check whether a running process is ready; exit status 0 if it is."`
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
	slog.SetDefault(logger) // for libraries that take no logger
	ctx, stop := withInterrupt(logger)
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
		kong.Description("A chess platform whose database is the Kafka log. Every flag can also be set by an environment variable."),
		kong.DefaultEnvars("TABIYA"),
		kong.Vars{"version": "tabiya " + buildVersion()},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.ShortUsageOnError(),
	)
}

// withInterrupt returns a context that the first SIGINT or SIGTERM cancels. The
// second one ends the process at once, which is safe: everything that was
// answered is in the log.
func withInterrupt(logger *slog.Logger) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		logger.Info("stopping; interrupt again to stop at once")
		cancel()
		<-signals
		os.Exit(130)
	}()
	return ctx, cancel
}
