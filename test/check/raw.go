package check

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"tabiya/internal/objstore"
)

// RawLine is a line of a file of the raw archive.
type RawLine struct {
	Place string // see place
	Value string
}

// place names a partition's records of one region, which a file of the archive holds.
func place(topic string, partition int32, region string) string {
	return fmt.Sprintf("topic=%s region=%s partition=%05d", topic, region, partition)
}

// ReadRaw reads the raw archive.
func ReadRaw(ctx context.Context, bucket *objstore.Bucket) ([]RawLine, error) {
	var lines []RawLine
	err := eachFile(ctx, bucket, "raw/v1/", func(key string, text []byte) error {
		decoder, err := zstd.NewReader(bytes.NewReader(text))
		if err != nil {
			return err
		}
		defer decoder.Close()
		plain, err := io.ReadAll(decoder)
		if err != nil {
			return err
		}
		for line := range bytes.Lines(plain) {
			lines = append(lines, RawLine{placeOf(key), string(bytes.TrimSuffix(line, []byte("\n")))})
		}
		return nil
	})
	return lines, err
}

// placeOf returns the place of a file's records, from its key.
func placeOf(key string) string {
	partition, _, _ := strings.Cut(path.Base(key), "-")
	return fmt.Sprintf("topic=%s region=%s partition=%s", folder(key, "topic"), folder(key, "region"), partition)
}

// folder returns the value of a folder name=value in a key.
func folder(key, name string) string {
	for part := range strings.SplitSeq(path.Dir(key), "/") {
		if value, ok := strings.CutPrefix(part, name+"="); ok {
			return value
		}
	}
	return ""
}

// Raw compares the raw archive with the log: the same bytes, once each, in the same
// order.
func (l Log) Raw(lines []RawLine) []Finding {
	want, got := sequences{}, sequences{}
	for _, r := range l {
		at := place(r.Topic, r.Partition, r.Region)
		want[at] = append(want[at], r.Value)
	}
	for _, line := range lines {
		got[line.Place] = append(got[line.Place], line.Value)
	}
	f := findings{check: "raw"}
	f.compare(want, got)
	return f.list()
}

// eachFile calls fn with each file below prefix. Files are in the order of their names,
// and so those of one partition in the order of their offsets.
func eachFile(ctx context.Context, bucket *objstore.Bucket, prefix string, fn func(key string, text []byte) error) error {
	var keys []string
	for object, err := range bucket.List(ctx, prefix, "") {
		if err != nil {
			return fmt.Errorf("list %s: %w", prefix, err)
		}
		keys = append(keys, object.Key)
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(cmp.Compare(path.Base(a), path.Base(b)), cmp.Compare(a, b)) })
	for _, key := range keys {
		body, _, err := bucket.Get(ctx, key)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(body)
		body.Close()
		if err == nil {
			err = fn(key, text)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}
