package main

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// TestCutFrame cuts frames of each form of length out of a stream that comes
// byte by byte.
func TestCutFrame(t *testing.T) {
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
			if _, _, size := cutFrame(frame[:n]); size != 0 {
				t.Fatalf("length %d: a frame of %d bytes in %d of them", length, size, n)
			}
		}
		opcode, got, size := cutFrame(append(frame, 0x81, 0))
		if opcode != opPing || !bytes.Equal(got, payload) || size != len(frame) {
			t.Errorf("length %d: opcode %x, %d bytes of payload, %d in all", length, opcode, len(got), size)
		}
	}
}
