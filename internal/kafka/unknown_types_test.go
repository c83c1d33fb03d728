package kafka_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

func TestUnknownTypesAreLoggedOnceEachAndNotWithoutBound(t *testing.T) {
	t.Parallel()
	var logged bytes.Buffer
	u := kafka.NewUnknownTypes(slog.New(slog.NewTextHandler(&logged, nil)))
	log := func(name string) {
		u.Log(&kgo.Record{Headers: []kgo.RecordHeader{{Key: schemas.HeaderType, Value: []byte(name)}}}, errors.New("unknown"))
	}
	for range 3 {
		log("PiecesPainted")
		log(strings.Repeat("x", 1<<20))
	}
	if n := strings.Count(logged.String(), "\n"); n != 2 || logged.Len() > 2000 {
		t.Errorf("%d lines and %d bytes", n, logged.Len())
	}
	for i := range 1000 {
		log(fmt.Sprint("type ", i))
	}
	if n := strings.Count(logged.String(), "\n"); n != 32 {
		t.Errorf("%d lines", n)
	}
}
