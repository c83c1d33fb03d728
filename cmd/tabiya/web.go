package main

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"tabiya/internal/httpx"
	"tabiya/schemas"
	"tabiya/web"
)

// webRoutes adds the chess app. It says in words that there is nothing at an address
// that a person has typed.
func webRoutes(r *gin.Engine) error {
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
	r.NoRoute(func(c *gin.Context) {
		if !typed(c.Request) {
			httpx.NoRoute(c)
			return
		}
		c.Status(http.StatusNotFound)
		app.Page(c.Writer, c.Request)
	})
	return nil
}

// typed reports whether a browser asks for a page and not for something of the API.
func typed(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html") && !strings.HasPrefix(r.URL.Path, "/v1/")
}
