package main

import (
	"context"
	"errors"
	"time"

	"tabiya/internal/core/queue"
)

// listenFlags are those of a part that runs as a process of its own.
type listenFlags struct {
	Listen string `default:"127.0.0.1:8080" help:"Address of /healthz, /readyz and /metrics, and of a service's API; port 0 takes a free one."`
}

func (f listenFlags) serve(ctx context.Context, n *node) error {
	listener, err := listen(f.Listen)
	if err != nil {
		return err
	}
	n.logger.Info("listening", "url", urlOf(listener))
	return n.serve(ctx, listener, func() { n.logger.Info("ready") })
}

type regionFlags struct {
	Regions []string `default:"eu,us" help:"Where players can be at home; each has its own queues and folders in the archive. The first is the default."`
}

// queueFlags say how queues pair.
type queueFlags struct {
	Wave          time.Duration `default:"1s" help:"Time between two pairings of a queue in which somebody waits."`
	MatchDeadline time.Duration `default:"10s" help:"How long the game of a match may take to start before both wait again."`
}

func (f queueFlags) config() (queue.Config, error) {
	cfg := queue.Config{WaveInterval: f.Wave, MatchDeadline: f.MatchDeadline}
	return cfg, cfg.Validate()
}

// archiveFlags say when the archive's files are closed.
type archiveFlags struct {
	ArchiveWindow time.Duration `default:"5m" help:"Broker time that one file covers at most; divides an hour."`
	ArchiveGrace  time.Duration `default:"10s" help:"How far the broker's clock has to be past an idle partition's window before its file is closed."`
	ArchiveTemp   string        `type:"path" placeholder:"DIR" help:"Where open files wait; the system's folder for that otherwise."`
}

// connectionFlags bound who watches and plays over sockets and streams, and say
// where they come from.
type connectionFlags struct {
	Connections           int `default:"20000" help:"Sockets and streams of games at most; a quarter is kept for those who play."`
	ConnectionsPerPlayer  int `default:"64" help:"Those of one player."`
	ConnectionsPerAddress int `default:"0" help:"Those from one address; 0 for no bound."`

	TrustedProxies []string `placeholder:"CIDR" help:"Addresses and networks of gateways, whose X-Forwarded-For tells a client's address; without, a gateway's clients are all one address, which wrong passwords are counted by."`
}

// keyFlags name the key that tokens are checked with.
type keyFlags struct {
	Key string `type:"path" placeholder:"FILE" help:"The signing key, PEM, for the account service; the public key does for the others (see 'tabiya token key')."`
}

func (f keyFlags) read(w *wires) (err error) {
	if f.Key == "" {
		return errors.New("say where the key is: --key or TABIYA_KEY")
	}
	w.private, w.public, err = readKey(f.Key)
	return err
}
