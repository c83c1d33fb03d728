package main

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// move is the request body of a move, for both baselines.
type move struct {
	UCI string `json:"uci"`
	Ply int    `json:"ply"`
}

// echo is the baseline for HTTP: bare Gin, one route, JSON in, the same JSON out.
func echo() http.Handler {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.POST("/v1/games/:id/moves", func(c *gin.Context) {
		var body move
		if err := c.ShouldBindJSON(&body); err != nil {
			c.Status(http.StatusBadRequest)
			return
		}
		c.JSON(http.StatusOK, body)
	})
	return e
}
