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

// Config configures a Tier.
type Config struct {
	// BrokerDir is kfake's data folder, Dir the tier's, both on one file system.
	BrokerDir, Dir string
	Logger         *slog.Logger
	// Settle is how long a segment has to be closed before it is moved. It must be longer
	// than maxWait. Default twice maxWait.
	Settle time.Duration
	// Period is the time between sweeps. Default one second.
	Period time.Duration
}

// Tier has the older segments of every partition.
type Tier struct {
	cfg     Config
	cluster *kfake.Cluster

	mu         sync.RWMutex
	partitions map[topicPartition]*partition
}

// topicPartition identifies a partition.
type topicPartition struct {
	topic     string
	partition int32
}

// partition has the older segments of one partition. The slice of files is replaced,
// never changed, so a reader may keep it.
type partition struct {
	topicPartition
	dir, brokerDir string

	mu    sync.RWMutex
	files []file // of the tier, by base

	// For Sweep alone: records below linkedUpTo are in files (unless retention has removed
	// them), and records below trimmedUpTo are deleted from kfake.
	linkedUpTo, trimmedUpTo int64
}

// New creates a tier with the older segments in cfg.Dir. Call it before the cluster has
// clients.
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
	t := &Tier{cfg: cfg, cluster: cluster, partitions: make(map[topicPartition]*partition)}
	if _, err := t.findPartitions(); err != nil {
		return nil, fmt.Errorf("tier: %w", err)
	}
	t.installHandlers()
	return t, nil
}

// Run sweeps until ctx ends. Errors of a sweep are logged, and the next sweep tries
// again.
func (t *Tier) Run(ctx context.Context) error {
	tick := time.NewTicker(t.cfg.Period)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := t.Sweep(ctx); err != nil && ctx.Err() == nil {
				t.cfg.Logger.Warn("sweep embedded kafka", "err", err)
			}
		}
	}
}

// Sweep moves closed segments to the tier, removes or compacts old files, and removes the
// files of deleted topics.
func (t *Tier) Sweep(ctx context.Context) error {
	partitions, err := t.findPartitions()
	if err != nil {
		return err
	}
	var failed []error
	for _, p := range partitions {
		if ctx.Err() != nil {
			break
		}
		failed = append(failed, t.moveSegments(p), t.applyRetention(p), t.compact(ctx, p))
	}
	return errors.Join(append(failed, t.removeDeletedTopics())...)
}

// findPartitions returns the partitions in kfake's folder.
func (t *Tier) findPartitions() ([]*partition, error) {
	root := filepath.Join(t.cfg.BrokerDir, "partitions")
	entries, err := os.ReadDir(root)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var partitions []*partition
	for _, e := range entries {
		tp, ok := parseFolder(e.Name())
		if !ok {
			continue
		}
		p, err := t.partition(tp, filepath.Join(root, e.Name()))
		if err != nil {
			return nil, err
		}
		if p != nil {
			partitions = append(partitions, p)
		}
	}
	return partitions, nil
}

func parseFolder(name string) (topicPartition, bool) {
	i := strings.LastIndexByte(name, '-')
	if i < 0 {
		return topicPartition{}, false
	}
	topic, err := url.PathUnescape(name[:i])
	n, nErr := strconv.ParseInt(name[i+1:], 10, 32)
	return topicPartition{topic, int32(n)}, err == nil && nErr == nil
}

// partition returns a partition, which it creates at the first call, or nil if kfake does
// not know the topic. Folders are named by topic id, so that a topic that is deleted and
// created again does not inherit the old log.
func (t *Tier) partition(tp topicPartition, brokerDir string) (*partition, error) {
	if p := t.lookup(tp); p != nil {
		return p, nil
	}
	info := t.cluster.TopicInfo(tp.topic)
	if info == nil {
		return nil, nil
	}
	p := &partition{topicPartition: tp, brokerDir: brokerDir}
	p.dir = filepath.Join(t.cfg.Dir, hex.EncodeToString(info.TopicID[:]), strconv.Itoa(int(tp.partition)))
	var err error
	if p.files, err = loadFiles(p.dir); err != nil {
		return nil, err
	}
	if n := len(p.files); n > 0 {
		p.linkedUpTo = p.files[n-1].end
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.partitions[tp] = p
	return p, nil
}

func (t *Tier) lookup(tp topicPartition) *partition {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.partitions[tp]
}

// forgetTopic forgets the partitions of a topic that is deleted. If it is created again,
// Sweep finds its partitions.
func (t *Tier) forgetTopic(topic string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for tp := range t.partitions {
		if tp.topic == topic {
			delete(t.partitions, tp)
		}
	}
}

// removeDeletedTopics removes the files of topics that do not exist any more.
func (t *Tier) removeDeletedTopics() error {
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

// tierFiles returns the files of the tier, sorted by base.
func (p *partition) tierFiles() []file {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.files
}

// contains reports whether the tier has the segment of an offset.
func (p *partition) contains(offset int64) bool {
	files := p.tierFiles()
	return len(files) > 0 && offset >= files[0].base && offset < files[len(files)-1].end
}

// allFiles returns the files of the whole log: the tier's, then kfake's newer segments.
func (p *partition) allFiles() ([]file, error) {
	files := p.tierFiles()
	segments, err := brokerSegments(p.brokerDir)
	if err != nil {
		return nil, err
	}
	all := append([]file(nil), files...)
	for _, f := range segments {
		if len(files) == 0 || f.base >= files[len(files)-1].end {
			all = append(all, f)
		}
	}
	return all, nil
}
