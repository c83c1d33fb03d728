// A library for LD_PRELOAD that steps a process's clock by the seconds that are in a
// file, which it maps. Monotonic time stays as it is, as when a machine's clock is set.
//
// Go does not ask libc for the time, but the kernel's code in the process (the vDSO), as
// libc itself does. So the library replaces the function there, in this process alone.
// (libfaketime 0.9.10 does not reach Go, and hangs a JVM unless it changes monotonic
// time, too.)
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const int64_t none;
static const volatile int64_t *stepped = &none;

// Go calls it on small stacks of its own: no libc here.
static int stepped_gettime(clockid_t id, struct timespec *t) {
  long failed;
#if defined(__x86_64__)
  __asm__ volatile("syscall" : "=a"(failed) : "0"(SYS_clock_gettime), "D"(id), "S"(t) : "rcx", "r11", "memory");
#elif defined(__aarch64__)
  register long x0 __asm__("x0") = id, x8 __asm__("x8") = SYS_clock_gettime;
  register void *x1 __asm__("x1") = t;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1) : "memory");
  failed = x0;
#else
#error "unknown processor"
#endif
  if (!failed && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) t->tv_sec += *stepped;
  return (int)failed;
}

// divert makes a function jump to another one.
static int divert(unsigned char *function, void *to) {
#if defined(__x86_64__)
  unsigned char jump[] = {0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xe0}; // movabs $to, %rax; jmp *%rax
  memcpy(jump + 2, &to, sizeof to);
#else
  unsigned char jump[16] = {0x50, 0, 0, 0x58, 0, 0x02, 0x1f, 0xd6}; // ldr x16, 8; br x16; to
  memcpy(jump + 8, &to, sizeof to);
#endif
  uintptr_t size = (uintptr_t)sysconf(_SC_PAGESIZE), page = (uintptr_t)function & ~(size - 1);
  if (mprotect((void *)page, 2 * size, PROT_READ | PROT_WRITE | PROT_EXEC)) return -1;
  memcpy(function, jump, sizeof jump);
  __builtin___clear_cache((char *)function, (char *)function + sizeof jump);
  return mprotect((void *)page, 2 * size, PROT_READ | PROT_EXEC);
}

__attribute__((constructor)) static void open_clock(void) {
  const char *path = getenv("TABIYA_TEST_CLOCK");
  int fd = path ? open(path, O_RDONLY) : -1;
  if (fd < 0) return;
  void *map = mmap(NULL, sizeof *stepped, PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  if (map == MAP_FAILED) return;
  stepped = map;
#if defined(__x86_64__)
  const char *library = "linux-vdso.so.1", *name = "__vdso_clock_gettime";
#else
  const char *library = "linux-vdso.so.1", *name = "__kernel_clock_gettime";
#endif
  void *vdso = dlopen(library, RTLD_LAZY | RTLD_NOLOAD), *function = vdso ? dlsym(vdso, name) : NULL;
  if (!function || divert(function, (void *)stepped_gettime)) fprintf(stderr, "the clock cannot be stepped: no %s\n", name);
}

int gettimeofday(struct timeval *restrict t, void *restrict zone) {
  (void)zone;
  struct timespec now;
  int failed = stepped_gettime(CLOCK_REALTIME, &now);
  if (!failed) {
    t->tv_sec = now.tv_sec;
    t->tv_usec = now.tv_nsec / 1000;
  }
  return failed;
}

time_t time(time_t *t) {
  struct timespec now;
  if (stepped_gettime(CLOCK_REALTIME, &now)) return -1;
  if (t) *t = now.tv_sec;
  return now.tv_sec;
}
