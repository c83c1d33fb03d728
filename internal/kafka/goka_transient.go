package kafka

import (
	"errors"
	"io"
	"net"

	"github.com/IBM/sarama"
)

// transientErrors are those of sarama that say that a broker, a leader or a coordinator
// is away.
var transientErrors = []error{
	io.EOF, io.ErrUnexpectedEOF, net.ErrClosed,
	sarama.ErrOutOfBrokers, sarama.ErrNotConnected, sarama.ErrIncompleteResponse,
	sarama.ErrLeaderNotAvailable, sarama.ErrNotLeaderForPartition, sarama.ErrReplicaNotAvailable, sarama.ErrBrokerNotAvailable,
	sarama.ErrFencedLeaderEpoch, sarama.ErrUnknownLeaderEpoch, sarama.ErrOffsetNotAvailable, sarama.ErrKafkaStorageError,
	sarama.ErrConsumerCoordinatorNotAvailable, sarama.ErrNotCoordinatorForConsumer, sarama.ErrOffsetsLoadInProgress,
	sarama.ErrRebalanceInProgress, sarama.ErrUnknownMemberId, sarama.ErrIllegalGeneration,
	sarama.ErrRequestTimedOut, sarama.ErrNetworkException, sarama.ErrNotEnoughReplicas,
}

// isTransient reports whether the same request may succeed a moment later.
func isTransient(err error) bool {
	if n := net.Error(nil); errors.As(err, &n) {
		return true
	}
	for _, transient := range transientErrors {
		if errors.Is(err, transient) {
			return true
		}
	}
	return false
}
