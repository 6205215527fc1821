/* SPDX-License-Identifier: ISC */
#include "merge/inputs.h"

#include "merge/say.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct names {
  char **items;
  size_t count, capacity;
};

static void append(struct names *names, char *name) {
  if (names->count == names->capacity) {
    names->capacity = names->capacity * 2 + 16;
    names->items = realloc_or_exit(names->items, names->capacity, sizeof *names->items);
  }
  names->items[names->count++] = name;
}

static void names_free(struct names *names) {
  while (names->count)
    free(names->items[--names->count]);
  free(names->items);
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* Appends an input, which owns the path from now on.  `status`: of the file; NULL: unknown. */
static void add(struct inputs *inputs, char *path, const struct stat *status) {
  if (inputs->count == inputs->capacity) {
    inputs->capacity = inputs->capacity * 2 + 16;
    inputs->items = realloc_or_exit(inputs->items, inputs->capacity, sizeof *inputs->items);
  }
  struct input *input = &inputs->items[inputs->count++];
  *input = (struct input){.path = path, .once = !status || !S_ISREG(status->st_mode)};
  if (status) {
    input->size = S_ISREG(status->st_mode) ? status->st_size : 0;
    input->device = status->st_dev;
    input->inode = status->st_ino;
    inputs->bytes += (uint64_t)input->size;
  }
}

/* Reports the errno of a call, and counts one failure. */
static size_t fail(const char *path) {
  if (errno == ENOMEM)
    exit_without_memory();
  complain("%s: %s", path, strerror(errno));
  return 1;
}

/* Appends the paths of all that a directory holds, except hidden names.  Returns the number of failures. */
static size_t list(const char *path, struct names *names) {
  DIR *directory = opendir(path);
  struct dirent *entry;
  size_t length = strlen(path);

  if (!directory)
    return fail(path);
  while (length > 1 && path[length - 1] == '/')
    length--;
  for (errno = 0; (entry = readdir(directory)); errno = 0) {
    if (entry->d_name[0] == '.')
      continue;
    size_t room = length + strlen(entry->d_name) + 2;
    char *name = realloc_or_exit(NULL, room, 1);
    snprintf(name, room, "%.*s/%s", (int)length, path, entry->d_name);
    append(names, name);
  }
  size_t failed = errno ? fail(path) : 0;
  closedir(directory);
  return failed;
}

/* Appends the files in a directory and below it, without recursion.  They are sorted by path, so that the result does
 * not depend on the file system. */
static size_t add_directory(struct inputs *inputs, const char *top) {
  struct names todo = {NULL, 0, 0}, found = {NULL, 0, 0};
  size_t failed = 0;

  append(&todo, strdup_or_exit(top));
  while (todo.count) {
    struct names names = {NULL, 0, 0};
    char *path = todo.items[--todo.count];
    failed += list(path, &names);
    for (size_t i = 0; i < names.count; i++) {
      struct stat status;
      if (lstat(names.items[i], &status)) { /* links to directories are not followed: they may form circles */
        failed += fail(names.items[i]);
        free(names.items[i]);
        continue;
      }
      if (S_ISDIR(status.st_mode))
        append(&todo, names.items[i]);
      else if (stat(names.items[i], &status) == 0 && S_ISREG(status.st_mode))
        append(&found, names.items[i]);
      else
        free(names.items[i]);
    }
    free(names.items);
    free(path);
  }
  free(todo.items);
  if (found.count)
    qsort(found.items, found.count, sizeof *found.items, by_name);
  for (size_t i = 0; i < found.count; i++) {
    struct stat status;
    bool there = stat(found.items[i], &status) == 0;
    add(inputs, found.items[i], there ? &status : NULL);
  }
  free(found.items);
  return failed;
}

static size_t add_path(struct inputs *inputs, const char *path) {
  struct stat status;
  if (strcmp(path, "-") == 0) {
    add(inputs, strdup_or_exit(path), NULL);
    return 0;
  }
  if (stat(path, &status))
    return fail(path);
  if (S_ISDIR(status.st_mode))
    return add_directory(inputs, path);
  add(inputs, strdup_or_exit(path), &status);
  return 0;
}

/* Appends the files that the file `path` lists, one per line. */
static size_t add_list(struct inputs *inputs, const char *path) {
  bool standard = strcmp(path, "-") == 0;
  FILE *file = standard ? stdin : fopen(path, "r");
  struct names names = {NULL, 0, 0};
  char *line = NULL;
  size_t room = 0, failed = 0;
  ssize_t length;

  if (!file)
    return fail(path);
  while ((errno = 0, length = getline(&line, &room, file)) > 0) {
    while (length && (line[length - 1] == '\n' || line[length - 1] == '\r'))
      line[--length] = '\0';
    if (length)
      append(&names, strdup_or_exit(line));
  }
  if (!feof(file)) /* a read error; or no memory, for which ferror() is false */
    failed += fail(path);
  free(line);
  if (!standard)
    fclose(file);
  for (size_t i = 0; i < names.count; i++)
    failed += add_path(inputs, names.items[i]);
  names_free(&names);
  return failed;
}

size_t inputs_find(struct inputs *inputs, char **arguments) {
  size_t failed = 0;
  for (; *arguments; arguments++)
    failed += **arguments == '@' ? add_list(inputs, *arguments + 1) : add_path(inputs, *arguments);
  return failed;
}

bool inputs_any_once(const struct inputs *inputs) {
  for (size_t i = 0; i < inputs->count; i++)
    if (inputs->items[i].once)
      return true;
  return false;
}

const char *input_name(const struct input *input) {
  return strcmp(input->path, "-") == 0 ? "(standard input)" : input->path;
}

void inputs_free(struct inputs *inputs) {
  while (inputs->count)
    free(inputs->items[--inputs->count].path);
  free(inputs->items);
}
