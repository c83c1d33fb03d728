package main

import (
	"github.com/gin-gonic/gin"

	"tabiya/internal/httpx"
	"tabiya/schemas"
	"tabiya/web"
)

// webRoutes adds the chess app.
func webRoutes(r gin.IRouter) error {
	app, err := web.New()
	if err != nil {
		return err
	}
	for _, path := range web.Pages {
		r.GET(path, func(c *gin.Context) { app.Page(c.Writer, c.Request) })
	}
	r.GET(web.Assets, func(c *gin.Context) {
		if !app.Asset(c.Writer, c.Request) {
			httpx.Fail(c, schemas.CodeNotFound, "there is no such file")
		}
	})
	return nil
}
