package main

import (
	"context"
	"errors"
	"time"

	"tabiya/internal/core/queue"
)

// listenFlags are the flags of a command that serves HTTP.
type listenFlags struct {
	Listen string `default:"127.0.0.1:8080" help:"Address of the API of services, and of /healthz and /readyz for load balancers; port 0 picks a free port."`
	opsFlags
}

func (f listenFlags) serve(ctx context.Context, n *node) error {
	listener, err := listen(f.Listen)
	if err != nil {
		return err
	}
	ops, err := f.listenOps()
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	n.logger.Info("listening", "url", listenerURL(listener))
	return n.serve(ctx, listeners{listener, ops}, func() { n.logger.Info("ready") })
}

type regionFlags struct {
	Regions []string `default:"eu,us" help:"Home regions of players, the first is the default. Each has its own queues and archive folders."`
}

// queueFlags configure pairing.
type queueFlags struct {
	Wave          time.Duration `default:"1s" help:"Time between two pairing rounds of a queue with waiting players."`
	MatchDeadline time.Duration `default:"10s" help:"How long the game of a match may take to start before both players return to the queue."`
}

func (f queueFlags) config() (queue.Config, error) {
	cfg := queue.Config{WaveInterval: f.Wave, MatchDeadline: f.MatchDeadline}
	return cfg, cfg.Validate()
}

// archiveFlags configure the files of the archive.
type archiveFlags struct {
	ArchiveWindow time.Duration `default:"5m" help:"Span of broker time that one file covers at most; must divide an hour."`
	ArchiveGrace  time.Duration `default:"10s" help:"How long after the end of a window, by broker time, the last file of an idle partition is written."`
	ArchiveTemp   string        `type:"path" placeholder:"DIR" help:"Folder for files that are not uploaded yet; default: the system's temporary folder."`
}

// connectionFlags limit the WebSockets and event streams of games.
type connectionFlags struct {
	Connections           int `default:"20000" help:"Maximum number of sockets and streams of games; a quarter is reserved for players of running games, who are always admitted."`
	ConnectionsPerPlayer  int `default:"64" help:"Maximum number of one player's sockets and streams to games that they do not play."`
	ConnectionsPerAddress int `default:"0" help:"Maximum number of watchers' sockets and streams from one address, for IPv6 from one /64; 0 for a tenth of --connections."`
	PlayerPace            int `default:"50" help:"Maximum number of frames, and of requests that change a game, that one player may send a second, in all their games together."`

	PasswordsPerAddress int `default:"60" help:"Maximum number of requests with a password (sign-ins, registrations, changes) from one address, in a minute and at once; 0 for no limit. Requests with a service token are not counted."`
	HashSlots           int `default:"0" placeholder:"N" help:"How many passwords are hashed at the same time, with 19 MiB each; default: half of the processors."`

	CorsOrigins []string `placeholder:"ORIGIN" help:"Origins of the web sites whose pages may use the API, such as https://chess.example; * for all. Pages of the API's own host always may. Default: no others."`

	TrustedProxies []string `placeholder:"CIDR" help:"Gateways whose X-Forwarded-For header is trusted for the client's address. Without it, all clients behind a gateway count as one address, also for the limits on passwords."`
}
