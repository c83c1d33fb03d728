package tier

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// maxWait is the longest that a fetch may wait in the broker for records.
const maxWait = time.Second

// Config says what to keep small, and how.
type Config struct {
	// BrokerDir is kfake's data folder, Dir the tier's, on the same file system.
	BrokerDir, Dir string
	Logger         *slog.Logger
	// Settle is how long a segment has been closed before it leaves kfake;
	// longer than maxWait. 0: twice maxWait.
	Settle time.Duration
	// Period is the time between sweeps. 0: a second.
	Period time.Duration
}

// Tier is the older part of every partition's log.
type Tier struct {
	cfg     Config
	cluster *kfake.Cluster

	mu    sync.RWMutex
	parts map[place]*part
}

// place names a partition.
type place struct {
	topic     string
	partition int32
}

// part is what the tier has of a partition. Its files are replaced, never
// changed, so a reader may keep the slice it got.
type part struct {
	place
	dir, hotDir string

	mu    sync.RWMutex
	files []file // ours, by base

	// Of the sweeper alone: what is below taken has been linked over (and may be
	// gone again by retention), what is below cut is gone from kfake.
	taken, cut int64
}

// New takes what is in cfg.Dir for the cluster's older log. Call it before the
// cluster has clients.
func New(cluster *kfake.Cluster, cfg Config) (*Tier, error) {
	if cfg.Settle == 0 {
		cfg.Settle = 2 * maxWait
	}
	if cfg.Period == 0 {
		cfg.Period = time.Second
	}
	if err := os.MkdirAll(cfg.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("tier: %w", err)
	}
	t := &Tier{cfg: cfg, cluster: cluster, parts: make(map[place]*part)}
	if _, err := t.discover(); err != nil {
		return nil, fmt.Errorf("tier: %w", err)
	}
	t.install()
	return t, nil
}

// Run sweeps until ctx ends: closed segments are taken over, old files removed
// or compacted. What goes wrong in a sweep is logged and tried again.
func (t *Tier) Run(ctx context.Context) error {
	tick := time.NewTicker(t.cfg.Period)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := t.Sweep(ctx); err != nil && ctx.Err() == nil {
				t.cfg.Logger.Warn("embedded kafka: sweep", "err", err)
			}
		}
	}
}

// Sweep does all that is to be done now.
func (t *Tier) Sweep(ctx context.Context) error {
	parts, err := t.discover()
	if err != nil {
		return err
	}
	var failed []error
	for _, p := range parts {
		if ctx.Err() != nil {
			break
		}
		failed = append(failed, t.takeOver(p), t.retain(p), t.compact(ctx, p))
	}
	return errors.Join(append(failed, t.forget())...)
}

// discover finds the partitions in kfake's folder.
func (t *Tier) discover() ([]*part, error) {
	root := filepath.Join(t.cfg.BrokerDir, "partitions")
	entries, err := os.ReadDir(root)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var parts []*part
	for _, e := range entries {
		at, ok := parseFolder(e.Name())
		if !ok {
			continue
		}
		p, err := t.part(at, filepath.Join(root, e.Name()))
		if err != nil {
			return nil, err
		}
		if p != nil {
			parts = append(parts, p)
		}
	}
	return parts, nil
}

func parseFolder(name string) (place, bool) {
	i := strings.LastIndexByte(name, '-')
	if i < 0 {
		return place{}, false
	}
	topic, err := url.PathUnescape(name[:i])
	n, nErr := strconv.ParseInt(name[i+1:], 10, 32)
	return place{topic, int32(n)}, err == nil && nErr == nil
}

// part is the partition's entry, made at first sight; nil if kfake does not know
// the topic. Folders are named by topic id, so that a topic that is made anew
// does not inherit the log of the one before.
func (t *Tier) part(at place, hotDir string) (*part, error) {
	if p := t.known(at); p != nil {
		return p, nil
	}
	info := t.cluster.TopicInfo(at.topic)
	if info == nil {
		return nil, nil
	}
	p := &part{place: at, hotDir: hotDir}
	p.dir = filepath.Join(t.cfg.Dir, hex.EncodeToString(info.TopicID[:]), strconv.Itoa(int(at.partition)))
	var err error
	if p.files, err = cold(p.dir); err != nil {
		return nil, err
	}
	if n := len(p.files); n > 0 {
		p.taken = p.files[n-1].end
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.parts[at] = p
	return p, nil
}

func (t *Tier) known(at place) *part {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.parts[at]
}

// drop forgets a topic's partitions; those of its successor are found anew.
func (t *Tier) drop(topic string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for at := range t.parts {
		if at.topic == topic {
			delete(t.parts, at)
		}
	}
}

// forget removes the logs of topics that are no more.
func (t *Tier) forget() error {
	entries, err := os.ReadDir(t.cfg.Dir)
	if err != nil {
		return err
	}
	var failed []error
	for _, e := range entries {
		var id [16]byte
		if n, err := hex.Decode(id[:], []byte(e.Name())); err != nil || n != len(id) || t.cluster.TopicIDInfo(id) != nil {
			continue
		}
		failed = append(failed, os.RemoveAll(filepath.Join(t.cfg.Dir, e.Name())))
	}
	return errors.Join(failed...)
}

func (p *part) list() []file {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.files
}

// has reports whether offset is in our part of the log.
func (p *part) has(offset int64) bool {
	files := p.list()
	return len(files) > 0 && offset >= files[0].base && offset < files[len(files)-1].end
}

// view is the whole log: our files, then what kfake has behind them.
func (p *part) view() ([]file, error) {
	files := p.list()
	behind, err := hot(p.hotDir)
	if err != nil {
		return nil, err
	}
	whole := append([]file(nil), files...)
	for _, f := range behind {
		if len(files) == 0 || f.base >= files[len(files)-1].end {
			whole = append(whole, f)
		}
	}
	return whole, nil
}
