// A library for LD_PRELOAD that steps a process's clock by the seconds that are in a
// file, which it maps. Monotonic time stays as it is, as when a machine's clock is set.
// (libfaketime 0.9.10 hangs a JVM unless it changes monotonic time, too.)
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const int64_t none;
static const volatile int64_t *stepped = &none;
static int (*real)(clockid_t, struct timespec *);

__attribute__((constructor)) static void open_clock(void) {
  const char *path = getenv("TABIYA_TEST_CLOCK");
  int fd = path ? open(path, O_RDONLY) : -1;
  if (fd >= 0) {
    void *map = mmap(NULL, sizeof *stepped, PROT_READ, MAP_SHARED, fd, 0);
    if (map != MAP_FAILED) stepped = map;
    close(fd);
  }
  real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
}

int clock_gettime(clockid_t id, struct timespec *t) {
  int failed = real ? real(id, t) : (int)syscall(SYS_clock_gettime, id, t);
  if (!failed && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) t->tv_sec += *stepped;
  return failed;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone) {
  (void)zone;
  struct timespec now;
  int failed = clock_gettime(CLOCK_REALTIME, &now);
  if (!failed) {
    t->tv_sec = now.tv_sec;
    t->tv_usec = now.tv_nsec / 1000;
  }
  return failed;
}

time_t time(time_t *t) {
  struct timespec now;
  if (clock_gettime(CLOCK_REALTIME, &now)) return -1;
  if (t) *t = now.tv_sec;
  return now.tv_sec;
}
