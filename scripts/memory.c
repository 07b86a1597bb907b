/* memcmp in words of eight bytes. musl's goes byte by byte, and three quarters of what a tree of very many paths
   costs are comparisons of paths. rustc calls bcmp where only equality is asked for. */
#include <stddef.h>
#include <stdint.h>

typedef uint64_t __attribute__((may_alias, aligned(1))) word;

static uint64_t in_order(uint64_t bytes) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  return __builtin_bswap64(bytes);
#else
  return bytes;
#endif
}

int memcmp(const void *left, const void *right, size_t size) {
  const unsigned char *one = left, *other = right;
  for (; size >= 8; size -= 8, one += 8, other += 8) {
    uint64_t a = *(const word *)one, b = *(const word *)other;
    if (a != b) return in_order(a) < in_order(b) ? -1 : 1;
  }
  for (; size; size--, one++, other++)
    if (*one != *other) return *one - *other;
  return 0;
}

int bcmp(const void *left, const void *right, size_t size) { return memcmp(left, right, size); }
