# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The programs behind the handbook's manifests, started by hand as a kubelet would: InfluxDB and nginx, each in its
# Pod's namespace of the lab, with configuration, data and log under the lab's own directory. To be sourced; uses the
# functions lab, indent and die of its caller.
#
# Promises: start_programs returns when every program answers in its Pod. It asks from client c2, so that c1 appears in
# the programs' logs only with what came through a door.

# Where the programs are; the Pods of influxdb-*.yml, and the host network of n1.
readonly INFLUXDB_HOSTS=(n1 n1p1 n2p1 n2p3 n3p1)
readonly WEB_HOSTS=(n1p2 n2p2 n3p2)
readonly INGRESS_HOST=n3p3
readonly INGRESS_UPSTREAM=n2p3

start_programs() {
  local host
  for host in "${INFLUXDB_HOSTS[@]}"; do start_influxdb "$host"; done
  for host in "${WEB_HOSTS[@]}"; do start_nginx "$host" "$(web_config "web-${host:1:1}")"; done
  start_nginx "$INGRESS_HOST" "$(ingress_config "$(lab addr "$INGRESS_UPSTREAM")")"
  for host in "${INFLUXDB_HOSTS[@]}"; do
    await_answer "$host" 204 "http://$(lab addr "$host"):8086/ping" "$(program_dir influxdb "$host")/log"
  done
  for host in "${WEB_HOSTS[@]}" "$INGRESS_HOST"; do
    await_answer "$host" '200|404' "http://$(lab addr "$host")/" "$(program_dir nginx "$host")/log"
  done
  echo "InfluxDB answers in ${INFLUXDB_HOSTS[*]}, nginx in ${WEB_HOSTS[*]} and $INGRESS_HOST (the ingress controller)" |
    indent
}

program_dir() {
  echo "$(lab path r run)/$1-$2"
}

start_influxdb() {
  local dir
  dir=$(program_dir influxdb "$1")
  mkdir -p "$dir"
  cat >"$dir/influxdb.conf" <<END
reporting-disabled = true
bind-address = "127.0.0.1:8088"
[meta]
  dir = "$dir/meta"
[data]
  dir = "$dir/data"
  wal-dir = "$dir/wal"
[monitor]
  store-enabled = false
[http]
  bind-address = ":8086"
  log-enabled = true
END
  lab exec "$1" influxd run -config "$dir/influxdb.conf" </dev/null >"$dir/log" 2>&1 &
}

# A Pod that answers with its name and ends the connection: as many answers, as many connections.
web_config() {
  cat <<END
  keepalive_timeout 0;
  server {
    listen 80;
    default_type text/plain;
    return 200 "$1\n";
  }
END
}

# What an ingress controller makes of influxdb-ingress.yml: the rule's host leads to the endpoints of the Service, Pod
# by Pod and past any Service address; no other host has a rule.
ingress_config() {
  cat <<END
  upstream influxdb { server $1:8086; }
  server {
    listen 80 default_server;
    return 404;
  }
  server {
    listen 80;
    server_name influxdb.kube.example.com;
    location / {
      proxy_pass http://influxdb;
      proxy_set_header Host \$host;
      proxy_set_header X-Forwarded-For \$remote_addr;
    }
  }
END
}

# start_nginx HOST TEXT: nginx with TEXT inside its http block.
start_nginx() {
  local dir scratch
  dir=$(program_dir nginx "$1")
  mkdir -p "$dir"
  {
    echo "daemon off;"
    echo "worker_processes 1;"
    echo "pid $dir/pid;"
    echo "error_log $dir/log;"
    echo "events { worker_connections 1024; }"
    echo "http {"
    echo "  access_log $dir/access.log;"
    for scratch in client_body proxy fastcgi uwsgi scgi; do echo "  ${scratch}_temp_path $dir/$scratch;"; done
    echo "$2"
    echo "}"
  } >"$dir/nginx.conf"
  lab exec "$1" nginx -p "$dir" -e "$dir/log" -c "$dir/nginx.conf" </dev/null >"$dir/output" 2>&1 &
}

# await_answer HOST CODE URL LOG: until the program answers with a code that matches, 30 s at most.
await_answer() {
  local deadline=$((SECONDS + 30)) code=000
  until [[ $code =~ ^($2)$ ]]; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      tail -n 20 "$4" | indent >&2
      die "the program in $1 does not answer on $3 (code $code); its log ends as above"
    fi
    code=$(lab exec c2 curl --silent --output /dev/null --max-time 2 --write-out '%{http_code}' "$3") || sleep 0.1
  done
}
