package httpx

import (
	"mime"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"tabiya/schemas"
)

// Accept chooses the offered media type that the client likes best (RFC 9110,
// 12.5.1); of equals the first offered, which is also what a client gets that
// does not say. Where none will do it has answered and ok is false.
func Accept(c *gin.Context, offers ...string) (media string, ok bool) {
	c.Header("Vary", "Accept")
	header := strings.Join(c.Request.Header.Values("Accept"), ",")
	if header == "" {
		return offers[0], true
	}
	best := 0.0
	for _, offer := range offers {
		if q := quality(header, offer); q > best {
			media, best = offer, q
		}
	}
	if best == 0 {
		Fail(c, schemas.CodeNotAcceptable, "this comes as "+strings.Join(offers, " or "))
		return "", false
	}
	return media, true
}

// quality is how much an Accept header likes a media type: the most specific
// range that matches it decides.
func quality(header, offer string) float64 {
	kind, _, _ := strings.Cut(offer, "/")
	specific, q := 0, 0.0
	for part := range strings.SplitSeq(header, ",") {
		media, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		how := 0
		switch media {
		case offer:
			how = 3
		case kind + "/*":
			how = 2
		case "*/*":
			how = 1
		}
		if how > specific {
			specific, q = how, weight(params["q"])
		}
	}
	return q
}

func weight(q string) float64 {
	if q == "" {
		return 1
	}
	w, err := strconv.ParseFloat(q, 64)
	if err != nil || !(w >= 0 && w <= 1) {
		return 0
	}
	return w
}
