package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
)

// serveBaseline serves a baseline server and prints its URL. It runs in a process of
// its own, as the program does.
func serveBaseline(h http.Handler) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + l.Addr().String())
	return http.Serve(l, h)
}

// startBaseline starts this program again in a child process, with the flag that makes
// it a baseline server, and returns its URL.
func startBaseline(flags ...string) (*process, string, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, "", err
	}
	defer r.Close()
	p, err := startProcess(nil, w, os.Args[0], flags...)
	w.Close()
	if err != nil {
		return nil, "", err
	}
	base, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		p.stop()
		return nil, "", fmt.Errorf("start %v: %w", flags, err)
	}
	return p, strings.TrimSpace(base), nil
}
