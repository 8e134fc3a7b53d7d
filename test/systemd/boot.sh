#!/bin/sh
# Boots a copy of a system with its own systemd as the first process, in a mount namespace of its own: what is mounted
# here is gone with the last process. Called as `unshare --mount boot.sh SYSTEM RUN CGROUP [argument of nspawn ...]`.
set -eu
system=$1 run=$2 cgroup=$3
shift 3
mount --make-rprivate /
# Where nothing is started by a systemd there is no unit to be in: a group of the version that Debian 13 knows.
if [ "$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ]; then
  umount -R /sys/fs/cgroup
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
fi
# What nspawn keeps of a machine; without a tmpfs there it stays.
mkdir -p /run/systemd/nspawn
mount -t tmpfs tmpfs /run/systemd/nspawn
mkdir -p "/sys/fs/cgroup/$cgroup" "$run/upper" "$run/work" "$run/root"
echo $$ >"/sys/fs/cgroup/$cgroup/cgroup.procs"
mount -t overlay -o "lowerdir=$system,upperdir=$run/upper,workdir=$run/work" overlay "$run/root"
# The network of this machine, for who is told to take it.
: >"$run/outside"
mount --bind /proc/self/ns/net "$run/outside"
exec systemd-nspawn --boot --keep-unit --register=no --private-network --resolv-conf=copy-host --console=pipe \
  --hostname=raspberrypi --directory="$run/root" "$@"
