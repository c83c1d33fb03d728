// Package brokertime teaches kfake message.timestamp.type=LogAppendTime, which
// it accepts and ignores: records would keep the time their producer gave them.
//
// A control function writes the broker's present millisecond into each batch
// before it is appended. Batches whose records have different timestamps keep
// their differences, so producers send one constant, non-zero timestamp (see
// kafka.Producer); a real broker ignores it.
package brokertime

import (
	"encoding/binary"
	"hash/crc32"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Install gives every batch that the cluster takes from now on broker time.
func Install(cluster *kfake.Cluster) { InstallClock(cluster, time.Now) }

// renewEvery bounds a leak: kfake remembers the last request of each connection
// for a control function, for as long as that function is installed.
const renewEvery = time.Hour

// InstallClock is Install with the broker's clock as an argument. Whatever the
// clock says, the time that the cluster writes never runs back.
func InstallClock(cluster *kfake.Cluster, now func() time.Time) {
	s := &stamper{cluster: cluster, now: now}
	s.install()
}

type stamper struct {
	cluster *kfake.Cluster
	now     func() time.Time
	last    int64 // control functions run one at a time
}

func (s *stamper) install() {
	installed := time.Now()
	s.cluster.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
		s.cluster.KeepControl()
		s.stampAll(req.(*kmsg.ProduceRequest))
		if time.Since(installed) > renewEvery {
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

// Offsets of a v2 record batch's fields, see KIP-98.
const (
	magicAt          = 16
	crcAt            = 17
	checkedFrom      = 21 // the checksum covers all from here on
	firstTimestampAt = 27
	maxTimestampAt   = 35
	headerSize       = 61
	magic            = 2
)

// stamp sets a batch's timestamps and renews its checksum. What is no v2 batch
// is left alone: the broker refuses it.
func stamp(batch []byte, millis int64) {
	if len(batch) < headerSize || batch[magicAt] != magic {
		return
	}
	table := crc32.MakeTable(crc32.Castagnoli)
	if binary.BigEndian.Uint32(batch[crcAt:]) != crc32.Checksum(batch[checkedFrom:], table) {
		return // damaged on the way: do not make it look sound
	}
	binary.BigEndian.PutUint64(batch[firstTimestampAt:], uint64(millis))
	binary.BigEndian.PutUint64(batch[maxTimestampAt:], uint64(millis))
	binary.BigEndian.PutUint32(batch[crcAt:], crc32.Checksum(batch[checkedFrom:], table))
}
