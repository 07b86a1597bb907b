/* The dynamic loader: run paths of the caller, glibc's names of libraries and symbols. */
#include "wfx.h"
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

/* The file that an address lies in: its load address, dynamic section and program headers. */
struct holder { uintptr_t address; struct dl_phdr_info info; uintptr_t start, end; int found; };
static int holds(struct dl_phdr_info *info, size_t size, void *to)
{
	struct holder *holder = to;
	uintptr_t low = UINTPTR_MAX, high = 0;
	int inside = 0;
	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		if (header->p_type != PT_LOAD) continue;
		uintptr_t start = info->dlpi_addr + header->p_vaddr, end = start + header->p_memsz;
		if (start < low) low = start;
		if (end > high) high = end;
		inside |= holder->address >= start && holder->address < end;
	}
	if (!inside) return 0;
	holder->info = *info;
	holder->start = low;
	holder->end = high;
	return holder->found = 1;
}
static int find_holder(const void *address, struct holder *holder)
{
	*holder = (struct holder){ .address = (uintptr_t)address };
	dl_iterate_phdr(holds, holder);
	return holder->found;
}

/* The run path of a file, as it stands there, or null. */
static const char *run_path(const struct holder *holder)
{
	const ElfW(Dyn) *dynamic = 0;
	uintptr_t strings = 0, path = 0, base = holder->info.dlpi_addr;
	int has = 0;
	for (int i = 0; i < holder->info.dlpi_phnum; i++)
		if (holder->info.dlpi_phdr[i].p_type == PT_DYNAMIC) dynamic = (const ElfW(Dyn) *)(base + holder->info.dlpi_phdr[i].p_vaddr);
	for (; dynamic && dynamic->d_tag; dynamic++) {
		/* musl leaves addresses in the dynamic section as the file has them. */
		if (dynamic->d_tag == DT_STRTAB) strings = base + dynamic->d_un.d_ptr;
		if (dynamic->d_tag == DT_RUNPATH || (dynamic->d_tag == DT_RPATH && !has)) { path = dynamic->d_un.d_val; has = 1; }
	}
	return has && strings ? (const char *)(strings + path) : 0;
}

/* dlopen with a plain name: glibc looks along the caller's run path, musl along the program's only. */
static void *open_along(const char *name, int mode, const struct holder *holder)
{
	char origin[PATH_MAX], full[PATH_MAX + 512];
	const char *file = holder->info.dlpi_name, *paths = run_path(holder);
	if (!paths || !file) return 0;
	const char *slash = strrchr(file, '/');
	size_t length = slash ? (size_t)(slash - file) : 1;
	if (length >= sizeof origin) return 0;
	memcpy(origin, slash ? file : ".", length);
	origin[length] = 0;
	while (*paths) {
		size_t part = strcspn(paths, ":"), used = 0;
		int ok = part > 0;
		for (size_t i = 0; ok && i < part; ) {
			size_t skip = !strncmp(paths + i, "$ORIGIN", 7) ? 7 : !strncmp(paths + i, "${ORIGIN}", 9) ? 9 : 0;
			if (skip ? used + length >= sizeof origin : used + 1 >= sizeof origin || paths[i] == '$') { ok = 0; break; }
			if (skip) { memcpy(full + used, origin, length); used += length; i += skip; }
			else full[used++] = paths[i++];
		}
		if (ok && strlen(name) < 500) {
			full[used++] = '/';
			strcpy(full + used, name);
			if (access(full, F_OK) == 0) {
				void *handle = dlopen(full, mode);
				if (handle) return handle;
			}
		}
		paths += part;
		if (*paths == ':') paths++;
	}
	return 0;
}
/* Libraries of glibc that musl is itself. */
static int is_libc(const char *name)
{
	static const char *const names[] = { "libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1", "libutil.so.1" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) if (!strcmp(name, names[i])) return 1;
	return 0;
}
void *WFX(dlopen)(const char *name, int mode)
{
	struct holder holder;
	/* 8: RTLD_DEEPBIND, which musl has not. */
	mode &= RTLD_LAZY | RTLD_NOW | RTLD_NOLOAD | RTLD_GLOBAL | RTLD_NODELETE;
	if (name && is_libc(name)) name = "libc.so";
	if (name && *name && !strchr(name, '/')) {
		void *loaded = dlopen(name, mode | RTLD_NOLOAD);
		if (loaded) return mode & RTLD_NOLOAD ? loaded : dlopen(name, mode);
		if (find_holder(__builtin_return_address(0), &holder) && (loaded = open_along(name, mode, &holder))) return loaded;
	}
	return dlopen(name, mode);
}
void *WFX(dlmopen)(long space, const char *name, int mode)
{
	/* Only the space that everything is in: musl has no other. dlopen of no file sets the error text. */
	return space == 0 ? wfx_dlopen(name, mode) : dlopen("/a second name space is not to be had", RTLD_NOW);
}

/* dlsym: a name that musl has with another meaning, or not at all, is the shim's. */
static const char own_mark;
static void *of_shim(const char *name)
{
	static void *self;
	char full[80];
	Dl_info info;
	if (strlen(name) > sizeof full - 5) return 0;
	if (!self) {
		if (!dladdr(&own_mark, &info) || !info.dli_fname) return 0;
		self = dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD);
		if (!self) return 0;
	}
	memcpy(full, "wfx_", 4);
	strcpy(full + 4, name);
	void *found = dlsym(self, full);
	struct holder holder, own;
	/* dlsym goes on into what the shim needs; nothing but itself counts. */
	return found && find_holder(found, &holder) && find_holder(&own_mark, &own) && holder.start == own.start ? found : 0;
}
static int of_libc(const void *address)
{
	struct holder holder, libc;
	return find_holder(address, &holder) && find_holder((const void *)&dlsym, &libc) && holder.start == libc.start;
}
/* The next definition behind the caller's: in what the caller needs, else in musl. */
static void *next(const char *name, const void *caller)
{
	struct holder own, other;
	Dl_info info;
	void *handle, *found;
	if (dladdr(caller, &info) && info.dli_fname && find_holder(caller, &own) && (handle = dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD))) {
		found = dlsym(handle, name);
		if (found && find_holder(found, &other) && other.start != own.start) return found;
	}
	handle = dlopen("libc.so", RTLD_NOW | RTLD_NOLOAD);
	return handle ? dlsym(handle, name) : 0;
}
void *WFX(dlsym)(void *restrict handle, const char *restrict name)
{
	void *found = handle == RTLD_NEXT ? next(name, __builtin_return_address(0)) : dlsym(handle, name), *own;
	if (found && !of_libc(found)) return found;
	return (own = of_shim(name)) ? own : found;
}
void *WFX(dlvsym)(void *restrict handle, const char *restrict name, const char *restrict version)
{
	(void)version;
	if (handle == RTLD_NEXT) {
		void *found = next(name, __builtin_return_address(0)), *own = found && !of_libc(found) ? 0 : of_shim(name);
		return own ? own : found;
	}
	return wfx_dlsym(handle, name);
}

int WFX(dladdr1)(const void *address, Dl_info *info, void **extra, int flags)
{
	int found = dladdr(address, info);
	if (!found || !extra) return found;
	*extra = 0;
	if (flags == 2 /* RTLD_DL_LINKMAP */) *extra = dlopen(info->dli_fname, RTLD_LAZY | RTLD_NOLOAD);
	return found;
}

/* What libgcc's unwinder asks since GCC 12; struct dl_find_object of glibc. */
struct find_result { unsigned long long flags; void *start, *end; struct link_map *map; void *eh_frame; unsigned long long reserved[7]; };
int WFX(_dl_find_object)(void *address, struct find_result *result)
{
	struct holder holder;
	if (!find_holder(address, &holder)) return -1;
	for (int i = 0; i < holder.info.dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &holder.info.dlpi_phdr[i];
		if (header->p_type != PT_GNU_EH_FRAME) continue;
		*result = (struct find_result){ .start = (void *)holder.start, .end = (void *)holder.end, .eh_frame = (void *)(holder.info.dlpi_addr + header->p_vaddr) };
		return 0;
	}
	return -1;
}

/* --- The unwinder --- */
struct search { const char *name; void *found; };
static int look_in(struct dl_phdr_info *info, size_t size, void *with)
{
	struct search *search = with;
	(void)size;
	if (!info->dlpi_name || !*info->dlpi_name) return 0;
	void *handle = dlopen(info->dlpi_name, RTLD_NOW | RTLD_NOLOAD);
	return handle && (search->found = dlsym(handle, search->name));
}
void *wfx_unwinder(const char *name, const void *caller)
{
	struct search search = { name, 0 };
	Dl_info info;
	void *handle;
	if (dladdr(caller, &info) && info.dli_fname && (handle = dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD)) && (search.found = dlsym(handle, name)))
		return search.found;
	if (dl_iterate_phdr(look_in, &search) && search.found) return search.found;
	if (dladdr(&own_mark, &info) && info.dli_fname && strrchr(info.dli_fname, '/')) {
		char path[PATH_MAX];
		size_t length = (size_t)(strrchr(info.dli_fname, '/') + 1 - info.dli_fname);
		if (length + 16 < sizeof path) {
			memcpy(path, info.dli_fname, length);
			strcpy(path + length, "libgcc_s.so.1");
			if ((handle = dlopen(path, RTLD_NOW))) return dlsym(handle, name);
		}
	}
	return (handle = dlopen("libgcc_s.so.1", RTLD_NOW)) ? dlsym(handle, name) : 0;
}
