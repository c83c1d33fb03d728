package parquet

import (
	"fmt"

	"github.com/klauspost/compress/zstd"
	pqzstd "github.com/parquet-go/parquet-go/compress/zstd"
)

// codec is Parquet's zstd with one encoder whose window fits a page. The
// library's own takes 16 MiB for each, again after every garbage collection.
// It is for one goroutine.
type codec struct {
	pqzstd.Codec
	encoder *zstd.Encoder
}

// pageWindow is the most that a page's bytes look back; a page has 256 KiB.
const pageWindow = 512 << 10

func newCodec() (*codec, error) {
	encoder, err := zstd.NewWriter(nil,
		zstd.WithEncoderConcurrency(1), // the same input gives the same bytes
		zstd.WithEncoderLevel(zstd.SpeedDefault),
		zstd.WithWindowSize(pageWindow),
		zstd.WithZeroFrames(true),
		zstd.WithEncoderCRC(false),
	)
	if err != nil {
		return nil, fmt.Errorf("make zstd encoder: %w", err)
	}
	return &codec{encoder: encoder}, nil
}

// Encode compresses a page.
func (c *codec) Encode(dst, src []byte) ([]byte, error) {
	return c.encoder.EncodeAll(src, dst[:0]), nil
}
