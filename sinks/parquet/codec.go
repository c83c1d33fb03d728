package parquet

import (
	"fmt"

	"github.com/klauspost/compress/zstd"
	pqzstd "github.com/parquet-go/parquet-go/compress/zstd"
)

// codec is Parquet's zstd codec with one encoder whose window fits a page. The
// library's own encoders take 16 MiB each, and are created anew after every garbage
// collection. codec is for one goroutine.
type codec struct {
	pqzstd.Codec
	encoder *zstd.Encoder
}

// pageWindow is the zstd window; a page has 256 KiB.
const pageWindow = 512 << 10

func newCodec() (*codec, error) {
	encoder, err := zstd.NewWriter(nil,
		zstd.WithEncoderConcurrency(1), // so that the same input gives the same bytes
		zstd.WithEncoderLevel(zstd.SpeedDefault),
		zstd.WithWindowSize(pageWindow),
		zstd.WithZeroFrames(true),
		zstd.WithEncoderCRC(false),
	)
	if err != nil {
		return nil, fmt.Errorf("create zstd encoder: %w", err)
	}
	return &codec{encoder: encoder}, nil
}

// Encode implements compress.Codec: it compresses a page.
func (c *codec) Encode(dst, src []byte) ([]byte, error) {
	return c.encoder.EncodeAll(src, dst[:0]), nil
}
