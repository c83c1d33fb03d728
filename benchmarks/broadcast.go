package main

import (
	"bytes"
	"context"
	"net/http"
	"sync"

	"github.com/coder/websocket"
	"github.com/gin-gonic/gin"
)

// broadcast is the ceiling for watchers: a POST to a game is written to every
// WebSocket on it, as a frame of size bytes. Each connection has a queue and a
// goroutine that writes.
func broadcast(size int) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	h := &hall{rooms: make(map[string]map[*listener]struct{})}
	frame := eventOf(size)
	e.GET("/v1/games/:id/socket", func(c *gin.Context) {
		conn, err := websocket.Accept(c.Writer, c.Request, nil)
		if err != nil {
			return // Accept has answered
		}
		l := &listener{conn, make(chan []byte, 64)}
		h.enter(c.Param("id"), l)
		defer h.leave(c.Param("id"), l)
		l.write()
	})
	e.POST("/v1/games/:id/moves", func(c *gin.Context) {
		var body move
		if err := c.ShouldBindJSON(&body); err != nil {
			c.Status(http.StatusBadRequest)
			return
		}
		h.tell(c.Param("id"), frame)
		c.JSON(http.StatusOK, body)
	})
	return e
}

// eventOf is a frame of size bytes that begins as an event does.
func eventOf(size int) []byte {
	return append([]byte(eventStart), bytes.Repeat([]byte{' '}, max(0, size-len(eventStart)))...)
}

// listener is a connection and what it has to be sent.
type listener struct {
	conn  *websocket.Conn
	queue chan []byte
}

// write writes what comes until the connection ends.
func (l *listener) write() {
	defer l.conn.CloseNow()
	gone := l.conn.CloseRead(context.Background()).Done()
	for {
		select {
		case <-gone:
			return
		case frame := <-l.queue:
			if l.conn.Write(context.Background(), websocket.MessageText, frame) != nil {
				return
			}
		}
	}
}

// hall knows who listens to each game.
type hall struct {
	mu    sync.RWMutex
	rooms map[string]map[*listener]struct{}
}

func (h *hall) enter(game string, l *listener) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.rooms[game] == nil {
		h.rooms[game] = make(map[*listener]struct{})
	}
	h.rooms[game][l] = struct{}{}
}

func (h *hall) leave(game string, l *listener) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.rooms[game], l)
}

// tell queues the frame for all who listen to the game; who is too slow is cut off.
func (h *hall) tell(game string, frame []byte) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for l := range h.rooms[game] {
		select {
		case l.queue <- frame:
		default:
			_ = l.conn.CloseNow()
		}
	}
}
