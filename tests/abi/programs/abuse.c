/* Calls every function of the library with everything that is wrong for each of its parameters, one at a time. */
#include "call_any.h"

static int calls;

/* ---- What is wrong --------------------------------------------------------------------------- */

static void *freed[KINDS];
static void *foreign_pointers[16];
static size_t foreign_count;

static void make_wrong_handles(void)
{
    static int in_data;
    int on_stack;
    char *on_heap = malloc(64); /* stays: nobody is given its address again */
    CHECK(on_heap);
    for (int kind = 0; kind < KINDS; kind++) {
        freed[kind] = new_of_kind[kind]();
        end_of_kind[kind](freed[kind]);
    }
    void *foreign[] = {&on_stack,   &in_data,    on_heap,     on_heap + 1, on_heap + 3,        on_heap + 7,
                       (void *)1UL, (void *)2UL, (void *)3UL, (void *)15UL, (void *)UINTPTR_MAX, (void *)(UINTPTR_MAX / 2)};
    foreign_count = sizeof foreign / sizeof *foreign;
    memcpy(foreign_pointers, foreign, sizeof foreign);
}

/* The `number`th handle that is none of this kind; false after the last. NULL is not among them. */
static bool wrong_handle(int kind, size_t number, void **handle)
{
    if (number < foreign_count) {
        *handle = foreign_pointers[number];
        return true;
    }
    number -= foreign_count;
    if (number < KINDS) {
        *handle = freed[number];
        return true;
    }
    number -= KINDS;
    if (number < KINDS - 1) {
        *handle = good[number + (number >= (size_t)kind)];
        return true;
    }
    number -= KINDS - 1;
    if (number >= 64)
        return false;
    /* One bit is not as it was. It may happen to be the handle of something else that is there. */
    *handle = (void *)((uintptr_t)good[kind] ^ (uintptr_t)1 << number);
    if (*handle == living_client || *handle == living_conversation)
        *handle = freed[kind];
    return true;
}

static char *const not_utf8[] = {"\xff", "a\xff" "b", "\xe2\x82", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "tex\xc3"};
static const uint64_t too_long[] = {((uint64_t)1 << 30) + 1, (uint64_t)1 << 40, (uint64_t)1 << 63, SIZE_MAX - 1};
static const uint64_t any_values[] = {0, 1, 2, 9999, UINT32_MAX, INT64_MAX, (uint64_t)1 << 63, UINT64_MAX};

/* ---- What must be so afterwards -------------------------------------------------------------- */

static const char *current_function;
static const char *current_parameter;

static void complain(int line, const char *condition, const char *more)
{
    fprintf(stderr, "%s, %s: not so (line %d): %s%s%s\n", current_function, current_parameter, line, condition, *more ? "; " : "", more);
    _Exit(1);
}

#define MUST(condition, more) ((condition) ? (void)0 : complain(__LINE__, #condition, more))

static bool is_length_of_buffer(const function *of, size_t index)
{
    return index >= 2 && of->parameters[index].role == OUT_VALUE && of->parameters[index - 2].role == BUFFER;
}

static void outputs_must_be_untouched(const function *of, const call *made, bool but_for_the_length)
{
    for (size_t index = 0; index < of->parameter_count; index++) {
        if (of->parameters[index].role != ERROR && !(but_for_the_length && is_length_of_buffer(of, index)))
            MUST(is_untouched(made->cells[index], sizeof made->cells[index]), of->parameters[index].name);
        if (of->parameters[index].role == BUFFER)
            MUST(is_untouched(room, sizeof room), "the buffer");
    }
}

static bool is_about(const char *message, const char *name)
{
    size_t length = strlen(name);
    return strncmp(message, name, length) == 0 && message[length] == ' ';
}

static polyai_error *error_of(const function *of, const call *made)
{
    polyai_error *error = NULL;
    size_t last = of->parameter_count - 1;
    if (made->given[last].pointer)
        memcpy(&error, made->cells[last], sizeof error);
    return error;
}

/* Makes the call, and sees to it that handles and releases add up. */
static void carry_out(const function *of, call *made)
{
    size_t handles = polyai_live_handles();
    int releases_before = releases;
    bool has_release = false;
    size_t given = 0;
    made->result = of->call(made->given);
    calls++;
    for (size_t index = 0; index < of->parameter_count; index++) {
        if (of->parameters[index].role == RELEASE)
            has_release = made->given[index].number != 0;
        if (of->parameters[index].role == OUT_HANDLE && !is_untouched(made->cells[index], sizeof(void *)))
            given++;
        if (of->parameters[index].role == ERROR && made->given[index].pointer)
            given += made->result != POLYAI_STATUS_OK;
    }
    if (of->returned_kind != NO_KIND)
        given += made->result != 0;
    MUST(polyai_live_handles() == handles + given, "handles");
    if (of->fallible && made->result != POLYAI_STATUS_OK)
        MUST(releases == releases_before + has_release, "what is not kept is released once");
}

/* The call fails because of this parameter, and says so. */
static void must_fail(const function *of, call *made, size_t wrong)
{
    const char *name = of->parameters[wrong].name;
    bool is_about_the_buffer = of->parameters[wrong].role == BUFFER || of->parameters[wrong].role == CAPACITY;
    current_parameter = name;
    carry_out(of, made);
    outputs_must_be_untouched(of, made, is_about_the_buffer);
    if (!of->fallible) {
        MUST(made->result == 0, "");
        return;
    }
    MUST(made->result == POLYAI_STATUS_INVALID_ARGUMENT, polyai_status_name((polyai_status)made->result));
    if (made->given[of->parameter_count - 1].pointer) {
        polyai_error *error = error_of(of, made);
        MUST(polyai_error_status(error) == POLYAI_STATUS_INVALID_ARGUMENT, "");
        MUST(polyai_error_delivery(error) == POLYAI_DELIVERY_NOT_SENT, "");
        MUST(is_about(polyai_error_message(error, NULL), name), polyai_error_message(error, NULL));
        polyai_error_free(error);
    }
}

/* As must_fail; once more without a place for the error. */
static void must_fail_twice(const function *of, call *made, size_t wrong)
{
    must_fail(of, made, wrong);
    if (of->fallible) {
        memset(made->cells, UNTOUCHED, sizeof made->cells);
        made->given[of->parameter_count - 1].pointer = NULL;
        must_fail(of, made, wrong);
    }
}

/* The call may succeed or fail, but not because of this parameter (none: SIZE_MAX), and does what calls do in either case. */
static void must_be_allowed(const function *of, call *made, size_t right)
{
    current_parameter = right == SIZE_MAX ? "(all right)" : of->parameters[right].name;
    carry_out(of, made);
    if (of->fallible && made->result != POLYAI_STATUS_OK) {
        outputs_must_be_untouched(of, made, true);
        MUST(made->result != POLYAI_STATUS_INTERNAL, "");
        if (made->given[of->parameter_count - 1].pointer) {
            polyai_error *error = error_of(of, made);
            const char *message = polyai_error_message(error, NULL);
            MUST(polyai_error_status(error) == made->result, "");
            MUST(right == SIZE_MAX || !is_about(message, of->parameters[right].name), message);
            polyai_error_free(error);
        }
        return;
    }
    if (of->fallible)
        MUST(error_of(of, made) == NULL, "no error after success");
    for (size_t index = 0; index < of->parameter_count; index++)
        if (of->parameters[index].role == OUT_HANDLE && made->given[index].pointer) {
            void *handle;
            memcpy(&handle, made->cells[index], sizeof handle);
            end_of_kind[of->parameters[index].kind](handle);
        }
    if (of->returned_kind != NO_KIND)
        end_of_kind[of->returned_kind]((void *)(uintptr_t)made->result);
}

/* ---- One parameter --------------------------------------------------------------------------- */

static void abuse_handle(const function *of, size_t index)
{
    call made;
    void *handle;
    for (size_t number = 0; wrong_handle(of->parameters[index].kind, number, &handle); number++) {
        prepare(&made, of);
        made.given[index].pointer = handle;
        must_fail_twice(of, &made, index);
    }
}

static void abuse_text(const function *of, size_t index)
{
    call made;
    CHECK(of->parameters[index + 1].role == LENGTH);
    for (size_t number = 0; number < 2 * sizeof not_utf8 / sizeof *not_utf8; number++) {
        prepare(&made, of);
        made.given[index].pointer = not_utf8[number / 2];
        if (number % 2)
            made.given[index + 1].number = strlen(not_utf8[number / 2]);
        must_fail_twice(of, &made, index);
    }
    for (size_t number = 0; number < sizeof too_long / sizeof *too_long; number++) {
        prepare(&made, of);
        made.given[index + 1].number = too_long[number];
        must_fail_twice(of, &made, index + 1);
    }
    prepare(&made, of);
    made.given[index + 1].number = 0;
    must_be_allowed(of, &made, index + 1);
}

static void abuse_buffer(const function *of, size_t index)
{
    call made;
    CHECK(of->parameters[index + 1].role == CAPACITY && is_length_of_buffer(of, index + 2));
    prepare(&made, of);
    made.given[index].pointer = NULL;
    must_fail_twice(of, &made, index);
    prepare(&made, of);
    made.given[index + 1].number = 1;
    must_fail_twice(of, &made, index + 1);
    CHECK(!is_untouched(made.cells[index + 2], sizeof(size_t)));
    prepare(&made, of);
    made.given[index].pointer = NULL;
    made.given[index + 1].number = 0;
    must_be_allowed(of, &made, index);
}

static void abuse_value(const function *of, size_t index)
{
    call made;
    for (size_t number = 0; number < sizeof any_values / sizeof *any_values; number++) {
        prepare(&made, of);
        made.given[index].number = any_values[number];
        must_be_allowed(of, &made, SIZE_MAX);
    }
}

/* NULL, or no callback. */
static void leave_out(const function *of, size_t index)
{
    call made;
    prepare(&made, of);
    made.given[index].pointer = NULL;
    made.given[index].number = 0;
    if (of->parameters[index].nullable)
        must_be_allowed(of, &made, index);
    else
        must_fail_twice(of, &made, index);
}

/* ---- One function ---------------------------------------------------------------------------- */

static void abuse_free(const function *of)
{
    call made;
    void *handle;
    void *fresh;
    int kind = of->parameters[0].kind;
    size_t before = polyai_live_handles();
    CHECK(of->parameter_count == 1);
    current_parameter = "a wrong handle";
    for (size_t number = 0; wrong_handle(kind, number, &handle); number++) {
        made.given[0].pointer = handle;
        of->call(made.given);
        MUST(polyai_live_handles() == before, "");
    }
    made.given[0].pointer = NULL;
    of->call(made.given);
    MUST(polyai_live_handles() == before, "NULL");
    fresh = new_of_kind[kind]();
    MUST(polyai_live_handles() == before + 1, "new");
    made.given[0].pointer = fresh;
    for (int time = 0; time < 3; time++) {
        of->call(made.given);
        MUST(polyai_live_handles() == before, "freed, freed again");
    }
}

static void abuse(const function *of)
{
    call made;
    current_function = of->name;
    if (of->parameter_count > 0 && of->parameters[0].role == FREED) {
        abuse_free(of);
        return;
    }
    prepare(&made, of);
    must_be_allowed(of, &made, SIZE_MAX);
    for (size_t index = 0; index < of->parameter_count; index++) {
        switch (of->parameters[index].role) {
        case HANDLE:
            abuse_handle(of, index);
            leave_out(of, index);
            break;
        case TEXT_IN:
            abuse_text(of, index);
            leave_out(of, index);
            break;
        case BUFFER: abuse_buffer(of, index); break;
        case VALUE: abuse_value(of, index); break;
        case OUT_HANDLE:
        case OUT_VALUE:
        case OUT_TEXT:
        case CALLBACK:
        case RELEASE:
        case USER_DATA:
        case ERROR:
            if (of->parameters[index].role != USER_DATA)
                leave_out(of, index);
            break;
        case LENGTH:   /* with its text */
        case CAPACITY: /* with its buffer */
        case FREED: break;
        }
    }
}

int main(void)
{
    size_t before = polyai_live_handles();
    make_good_handles();
    make_wrong_handles();
    for (size_t index = 0; index < FUNCTIONS; index++)
        abuse(&functions[index]);
    free_good_handles();
    CHECK(polyai_live_handles() == before);
    printf("%zu functions, %d calls\n", FUNCTIONS, calls);
    return 0;
}
