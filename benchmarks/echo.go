package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/gin-gonic/gin"
)

// serveEcho is the ceiling for HTTP: bare Gin, one route, JSON in, the same
// JSON out, in a process of its own as the program is.
func serveEcho() {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.POST("/v1/games/:id/moves", func(c *gin.Context) {
		var body struct {
			UCI string `json:"uci"`
			Ply int    `json:"ply"`
		}
		if err := c.ShouldBindJSON(&body); err != nil {
			c.Status(http.StatusBadRequest)
			return
		}
		c.JSON(http.StatusOK, body)
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		fmt.Println("http://" + l.Addr().String())
		err = http.Serve(l, e)
	}
	fmt.Fprintln(os.Stderr, "echo:", err)
	os.Exit(1)
}

// startEcho runs serveEcho in a child and gives its address.
func startEcho() (*process, string, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, "", err
	}
	p, err := startProcess(nil, w, os.Args[0], "-echo")
	w.Close()
	if err != nil {
		return nil, "", err
	}
	base, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		p.stop()
		return nil, "", fmt.Errorf("start echo: %w", err)
	}
	return p, strings.TrimSpace(base), nil
}
