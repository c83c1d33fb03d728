#!/usr/bin/env bash
# Runs Apache Kafka on loopback (KRaft: broker and controller in one process) from
# the jars on Maven Central. Needs Java 17 and Maven.
#
#   scripts/kafka.sh fetch                          downloads the jars to .cache/kafka/<version>
#   scripts/kafka.sh run DIR [PORT [CONTROLLER]]    runs in the foreground, with new or existing data in DIR
#   scripts/kafka.sh run DIR PORT CONTROLLER NODE VOTERS    the same as node NODE of a cluster; VOTERS names
#                                                   all nodes: 1@127.0.0.1:19093,2@127.0.0.1:29093,...
#   scripts/kafka.sh tool CLASS ARGS...             e.g. tool TopicCommand --bootstrap-server ... --list
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
pom=$root/build/kafka/pom.xml
version=$(sed -n 's:.*<kafka.version>\(.*\)</kafka.version>.*:\1:p' "$pom")
jars=$root/.cache/kafka/$version

# Downloads to a temporary folder and renames it, so that an interrupted or a
# concurrent download leaves no incomplete folder.
fetch() {
  [ -d "$jars" ] && return
  mkdir -p "$(dirname "$jars")"
  local fresh
  fresh=$(mktemp -d "$jars.XXXXXX")
  mvn -q -B -f "$pom" dependency:copy-dependencies -DoutputDirectory="$fresh" >&2
  mv -T "$fresh" "$jars" 2>/dev/null || rm -rf "$fresh"
}

# A cluster has Kafka's defaults but for the addresses and the load that three JVMs on
# one machine can bear. A single node cannot hand its partitions over when it stops.
configure() {
  local dir=$1 port=$2 controller=$3 node=$4 voters=$5 replicas=1 isr=1 rest
  rest="controlled.shutdown.enable=false
broker.session.timeout.ms=6000
broker.heartbeat.interval.ms=1000"
  if [[ $voters == *,* ]]; then
    replicas=3 isr=2 rest=
    [[ $voters == *,*,* ]] || replicas=2 isr=1
  fi
  cat >"$dir/server.properties" <<PROPERTIES
process.roles=broker,controller
node.id=$node
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller
advertised.listeners=PLAINTEXT://127.0.0.1:$port
controller.listener.names=CONTROLLER
controller.quorum.voters=$voters
log.dirs=$dir/log
auto.create.topics.enable=false
offsets.topic.replication.factor=$replicas
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=$replicas
transaction.state.log.min.isr=$isr
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=$replicas
share.coordinator.state.topic.min.isr=$isr
share.coordinator.state.topic.num.partitions=4
group.initial.rebalance.delay.ms=0
$rest
PROPERTIES
}

run() {
  local dir port controller node voters
  mkdir -p "$1"
  dir=$(cd "$1" && pwd)
  port=${2:-9092}
  controller=${3:-$((port + 1))}
  node=${4:-1}
  voters=${5:-$node@127.0.0.1:$controller}
  fetch
  configure "$dir" "$port" "$controller" "$node" "$voters"
  if [ ! -f "$dir/log/meta.properties" ]; then
    java -cp "$jars/*" -Dorg.slf4j.simpleLogger.defaultLogLevel=error \
      kafka.tools.StorageTool format -t tabiyatabiyatabiyatabQ -c "$dir/server.properties" >&2
  fi
  exec java -Xmx512m -XX:+UseSerialGC \
    -Dorg.slf4j.simpleLogger.defaultLogLevel="${KAFKA_LOG_LEVEL:-warn}" \
    -Dorg.slf4j.simpleLogger.showDateTime=true \
    -cp "$jars/*" kafka.Kafka "$dir/server.properties"
}

case "${1:-}" in
fetch) fetch ;;
run)
  shift
  run "$@"
  ;;
tool)
  fetch
  class=$2
  shift 2
  exec java -cp "$jars/*" -Dorg.slf4j.simpleLogger.defaultLogLevel=error "org.apache.kafka.tools.$class" "$@"
  ;;
*)
  sed -n '2,10s/^# \{0,1\}//p' "$0"
  exit 2
  ;;
esac
