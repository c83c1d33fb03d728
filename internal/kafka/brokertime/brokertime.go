// Package brokertime adds message.timestamp.type=LogAppendTime to kfake, which
// accepts the setting and ignores it, so that records keep their producer's
// timestamp.
//
// A kfake control function writes the broker's time into each batch before it is
// appended. It sets only the batch's base timestamp and leaves the deltas of the
// records, so producers must give all records the same non-zero timestamp (see
// kafka.Producer). A real broker ignores that timestamp.
package brokertime

import (
	"encoding/binary"
	"hash/crc32"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Install makes the cluster timestamp every batch that it receives from now on.
func Install(cluster *kfake.Cluster) { InstallClock(cluster, time.Now) }

// reinstallInterval limits a leak in kfake: as long as a control function is
// installed, kfake keeps the last request of every connection for it.
const reinstallInterval = time.Hour

// InstallClock is Install with the broker's clock as an argument. Timestamps never
// go backwards, even if the clock does.
func InstallClock(cluster *kfake.Cluster, now func() time.Time) {
	s := &stamper{cluster: cluster, now: now}
	s.install()
}

type stamper struct {
	cluster *kfake.Cluster
	now     func() time.Time
	last    int64 // newest timestamp; needs no lock, since kfake runs one control function at a time
}

func (s *stamper) install() {
	installed := time.Now()
	s.cluster.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
		s.cluster.KeepControl()
		s.stampAll(req.(*kmsg.ProduceRequest))
		if time.Since(installed) > reinstallInterval {
			s.cluster.DropControl()
			s.install()
		}
		return nil, nil, false
	})
}

func (s *stamper) stampAll(req *kmsg.ProduceRequest) {
	s.last = max(s.last, s.now().UnixMilli())
	for i := range req.Topics {
		for j := range req.Topics[i].Partitions {
			stamp(req.Topics[i].Partitions[j].Records, s.last)
		}
	}
}

// Byte offsets of the fields of a v2 record batch (KIP-98).
const (
	magicAt          = 16
	crcAt            = 17
	checkedFrom      = 21 // the checksum covers everything from here on
	firstTimestampAt = 27
	maxTimestampAt   = 35
	headerSize       = 61
	magic            = 2
)

// stamp sets the timestamps of a batch and recomputes its checksum. It leaves
// anything but a valid v2 batch unchanged, and the broker refuses that.
func stamp(batch []byte, millis int64) {
	if len(batch) < headerSize || batch[magicAt] != magic {
		return
	}
	table := crc32.MakeTable(crc32.Castagnoli)
	if binary.BigEndian.Uint32(batch[crcAt:]) != crc32.Checksum(batch[checkedFrom:], table) {
		return // a corrupt batch must not get a valid checksum
	}
	binary.BigEndian.PutUint64(batch[firstTimestampAt:], uint64(millis))
	binary.BigEndian.PutUint64(batch[maxTimestampAt:], uint64(millis))
	binary.BigEndian.PutUint32(batch[crcAt:], crc32.Checksum(batch[checkedFrom:], table))
}
