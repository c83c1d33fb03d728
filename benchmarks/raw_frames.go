package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"net"
	"net/http"
	"syscall"
)

// Opcodes of WebSocket frames (RFC 6455, section 5.2).
const (
	opText  = 0x1
	opClose = 0x8
	opPing  = 0x9
	opPong  = 0xA
)

// nextFrame returns the first frame in b, which is sent by a server and so unmasked. size
// is the frame's length including its header, 0 if the frame is incomplete.
func nextFrame(b []byte) (opcode byte, payload []byte, size int) {
	if len(b) < 2 {
		return 0, nil, 0
	}
	head, length := 2, int(b[1]&0x7f)
	switch {
	case length == 126 && len(b) >= 4:
		head, length = 4, int(binary.BigEndian.Uint16(b[2:]))
	case length == 127 && len(b) >= 10:
		head, length = 10, int(binary.BigEndian.Uint64(b[2:]))
	case length >= 126:
		return 0, nil, 0
	}
	if len(b) < head+length {
		return 0, nil, 0
	}
	return b[0] & 0x0f, b[head : head+length], head + length
}

// maskedFrame returns a client's frame with a payload of at most 125 bytes. The masking
// key is zero, which leaves the payload unchanged.
func maskedFrame(opcode byte, payload []byte) []byte {
	const final, masked = 0x80, 0x80
	return append([]byte{final | opcode, masked | byte(len(payload)), 0, 0, 0, 0}, payload...)
}

// dialRaw opens a WebSocket. It returns its file descriptor, which is non-blocking and
// owned by the caller, and the bytes that were read after the handshake.
func dialRaw(url, token string) (fd int, rest []byte, err error) {
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, err
	}
	conn, err := net.Dial("tcp", req.URL.Host)
	if err != nil {
		return 0, nil, err
	}
	defer conn.Close()
	req.Header = http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"},
		"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"MDEyMzQ1Njc4OWFiY2RlZg=="},
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if err := req.Write(conn); err != nil {
		return 0, nil, err
	}
	r := bufio.NewReader(conn)
	resp, err := http.ReadResponse(r, req)
	if err != nil {
		return 0, nil, err
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return 0, nil, errors.New(resp.Status)
	}
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return 0, nil, err
	}
	// Duplicate the descriptor, since Go's own poller owns the original.
	if cerr := raw.Control(func(original uintptr) { fd, err = syscall.Dup(int(original)) }); cerr != nil {
		return 0, nil, cerr
	}
	if err != nil {
		return 0, nil, err
	}
	rest, err = r.Peek(r.Buffered())
	return fd, rest, err
}
