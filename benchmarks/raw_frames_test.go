package main

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// The frames have each encoding of the length, and arrive byte by byte.
func TestNextFrameReturnsCompleteFramesOnly(t *testing.T) {
	for _, length := range []int{0, 1, 125, 126, 600, 1<<16 - 1, 1 << 16} {
		payload := bytes.Repeat([]byte{'x'}, length)
		frame := []byte{0x80 | opPing, byte(length)}
		switch {
		case length >= 1<<16:
			frame = binary.BigEndian.AppendUint64([]byte{0x80 | opPing, 127}, uint64(length))
		case length >= 126:
			frame = binary.BigEndian.AppendUint16([]byte{0x80 | opPing, 126}, uint16(length))
		}
		frame = append(frame, payload...)
		for n := range frame {
			if _, _, size := nextFrame(frame[:n]); size != 0 {
				t.Fatalf("length %d: got a frame of %d bytes out of %d bytes", length, size, n)
			}
		}
		opcode, got, size := nextFrame(append(frame, 0x81, 0))
		if opcode != opPing || !bytes.Equal(got, payload) || size != len(frame) {
			t.Errorf("length %d: opcode %x, payload of %d bytes, size %d", length, opcode, len(got), size)
		}
	}
}
