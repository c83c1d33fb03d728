package main

import (
	"bytes"
	"context"
	"net/http"
	"sync"

	"github.com/coder/websocket"
	"github.com/gin-gonic/gin"
)

// broadcast is the baseline for watchers: a POST to a game sends a frame of size bytes
// to every WebSocket of the game. Each connection has a queue and a goroutine that
// writes.
func broadcast(size int) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	h := &hub{rooms: make(map[string]map[*subscriber]struct{})}
	frame := eventOf(size)
	e.GET("/v1/games/:id/socket", func(c *gin.Context) {
		conn, err := websocket.Accept(c.Writer, c.Request, nil)
		if err != nil {
			return // Accept has written the response
		}
		l := &subscriber{conn, make(chan []byte, 64)}
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

// eventOf returns a frame of size bytes that starts like an event.
func eventOf(size int) []byte {
	return append([]byte(eventStart), bytes.Repeat([]byte{' '}, max(0, size-len(eventStart)))...)
}

// subscriber is a connection and the frames to send to it.
type subscriber struct {
	conn  *websocket.Conn
	queue chan []byte
}

// write sends queued frames until the connection ends.
func (l *subscriber) write() {
	defer l.conn.CloseNow()
	closed := l.conn.CloseRead(context.Background()).Done()
	for {
		select {
		case <-closed:
			return
		case frame := <-l.queue:
			if l.conn.Write(context.Background(), websocket.MessageText, frame) != nil {
				return
			}
		}
	}
}

// hub knows the subscribers of each game.
type hub struct {
	mu    sync.RWMutex
	rooms map[string]map[*subscriber]struct{}
}

func (h *hub) enter(game string, l *subscriber) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.rooms[game] == nil {
		h.rooms[game] = make(map[*subscriber]struct{})
	}
	h.rooms[game][l] = struct{}{}
}

func (h *hub) leave(game string, l *subscriber) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.rooms[game], l)
}

// tell queues the frame for all subscribers of the game. It closes the connections that
// are too slow.
func (h *hub) tell(game string, frame []byte) {
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
