package httpx

import (
	"mime"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"tabiya/schemas"
)

// Accept returns the offered media type that the client prefers (RFC 9110, 12.5.1): the
// first of equals, or the first of all without an Accept header. If the client accepts
// none, Accept answers with a problem document and ok is false.
func Accept(c *gin.Context, offers ...string) (media string, ok bool) {
	c.Writer.Header().Add("Vary", "Accept")
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
		Fail(c, schemas.CodeNotAcceptable, "this resource is available as "+strings.Join(offers, " or "))
		return "", false
	}
	return media, true
}

// quality returns the weight of a media type in an Accept header: that of the most
// specific range that matches it, or 0.
func quality(header, offer string) float64 {
	mainType, _, _ := strings.Cut(offer, "/")
	best, q := 0, 0.0 // best is the specificity of the range that q comes from
	for part := range strings.SplitSeq(header, ",") {
		media, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		specificity := 0
		switch media {
		case offer:
			specificity = 3
		case mainType + "/*":
			specificity = 2
		case "*/*":
			specificity = 1
		}
		if specificity > best {
			best, q = specificity, weight(params["q"])
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
