package topology

import (
	"context"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// Upgrade says in which format each aggregate is written, and who can read what.
type Upgrade struct {
	Aggregates []schemas.Topology
	// Processes are those that run. One that uses no Kafka is not among them.
	Processes []kafka.Process
}

// Older returns the processes that cannot read the latest format of this release.
func (u Upgrade) Older() []kafka.Process {
	return slices.DeleteFunc(slices.Clone(u.Processes), func(p kafka.Process) bool { return p.Format >= schemas.LatestFormat })
}

// Unfinished returns the aggregates that are written in an earlier format than the
// latest of this release.
func (u Upgrade) Unfinished() []schemas.Topology {
	return slices.DeleteFunc(slices.Clone(u.Aggregates), func(t schemas.Topology) bool { return t.Format >= schemas.LatestFormat })
}

// ReadUpgrade reads topology and lists the processes.
func ReadUpgrade(ctx context.Context, cfg kafka.Config) (u Upgrade, err error) {
	client, err := kgo.NewClient(cfg.Opts()...)
	if err != nil {
		return u, err
	}
	defer client.Close()
	s, err := Read(ctx, client)
	if err != nil {
		return u, err
	}
	for _, a := range schemas.Aggregates() {
		u.Aggregates = append(u.Aggregates, s.records[a.Name])
	}
	u.Processes, err = kafka.Processes(ctx, cfg)
	return u, err
}

// FinishUpgrade raises the format of all aggregates to the latest of this release and
// returns those that it raised. It refuses while a process runs that could not read
// it. Repeat it if it was interrupted: an aggregate that has the format already stays
// as it is.
func FinishUpgrade(ctx context.Context, cfg kafka.Config) (raised []schemas.Topology, err error) {
	u, err := ReadUpgrade(ctx, cfg)
	if err != nil {
		return nil, err
	}
	for _, t := range u.Aggregates {
		if t.Format < schemas.OldestFormat || t.Format > schemas.LatestFormat {
			return nil, fmt.Errorf("%s is written in format %d, and this release knows the formats from %d to %d", t.Aggregate, t.Format, schemas.OldestFormat, schemas.LatestFormat)
		}
	}
	raised = u.Unfinished()
	if len(raised) == 0 {
		return nil, nil
	}
	if older := u.Older(); len(older) > 0 {
		return nil, fmt.Errorf("%d processes are of an older release and cannot read format %d, the first is %s on %s: replace them first",
			len(older), schemas.LatestFormat, older[0].Name, older[0].Host)
	}
	for i := range raised {
		raised[i].Format = schemas.LatestFormat
	}
	return raised, write(ctx, cfg, raised...)
}
