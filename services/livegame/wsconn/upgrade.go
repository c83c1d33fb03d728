package wsconn

import (
	"encoding/base64"
	"net/http"
	"strings"
)

// UpgradeProblem returns why a request is not a valid WebSocket handshake (RFC 6455,
// 4.2.1), or "" if it is one. We check first because the library's error is plain text.
func UpgradeProblem(r *http.Request) string {
	names := func(header, token string) bool {
		for _, line := range r.Header.Values(header) {
			for value := range strings.SplitSeq(line, ",") {
				if strings.EqualFold(strings.TrimSpace(value), token) {
					return true
				}
			}
		}
		return false
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(r.Header.Get("Sec-WebSocket-Key")))
	switch {
	case !r.ProtoAtLeast(1, 1) || !names("Connection", "upgrade") || !names("Upgrade", "websocket"):
		return "this is a WebSocket"
	case r.Header.Get("Sec-WebSocket-Version") != "13":
		return "Sec-WebSocket-Version: 13"
	case err != nil || len(key) != 16 || len(r.Header.Values("Sec-WebSocket-Key")) != 1:
		return "Sec-WebSocket-Key: 16 bytes in base64"
	}
	return ""
}

// tokenPrefix is the prefix of the subprotocol that carries a browser's token.
const tokenPrefix = "bearer."

// OfferedToken returns the token of a client that cannot set headers: the access_token
// of the query, or a subprotocol "bearer.<token>"; "" if there is none.
func OfferedToken(r *http.Request) string {
	if token := r.URL.Query().Get("access_token"); token != "" {
		return token
	}
	for _, line := range r.Header.Values("Sec-WebSocket-Protocol") {
		for offer := range strings.SplitSeq(line, ",") {
			if token, ok := strings.CutPrefix(strings.TrimSpace(offer), tokenPrefix); ok {
				return token
			}
		}
	}
	return ""
}
