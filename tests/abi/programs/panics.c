/* Has every function of the library panic: each says so in its own way, and the process goes on. Linked with the build that has
 * the trigger. */
#include "call_any.h"

extern void polyai_test_panics(uint32_t armed);

/* What a function did while it panicked; looked at when it does so no more, for looking would panic as well. */
static call made[sizeof functions / sizeof *functions];

static polyai_error *error_of(size_t number)
{
    polyai_error *error = NULL;
    memcpy(&error, made[number].cells[functions[number].parameter_count - 1], sizeof error);
    return error;
}

static void outputs_must_be_untouched(size_t number)
{
    const function *of = &functions[number];
    for (size_t index = 0; index < of->parameter_count; index++)
        if (of->parameters[index].role != ERROR)
            CHECK(is_untouched(made[number].cells[index], sizeof made[number].cells[index]));
}

int main(void)
{
    size_t before = polyai_live_handles();
    size_t fallible = 0;
    size_t with_handles;
    make_good_handles();
    with_handles = polyai_live_handles();
    for (size_t number = 0; number < FUNCTIONS; number++)
        prepare(&made[number], &functions[number]);

    polyai_test_panics(1);
    for (size_t number = 0; number < FUNCTIONS; number++)
        made[number].result = functions[number].call(made[number].given);
    polyai_test_panics(0);

    for (size_t number = 0; number < FUNCTIONS; number++) {
        outputs_must_be_untouched(number);
        if (!functions[number].fallible) {
            if (made[number].result != 0)
                check_failed(functions[number].name, 0, "a plain function that panics returns 0");
            continue;
        }
        if (made[number].result != POLYAI_STATUS_INTERNAL
            || !strstr(polyai_error_message(error_of(number), NULL), functions[number].name)
            || polyai_error_status(error_of(number)) != POLYAI_STATUS_INTERNAL)
            check_failed(functions[number].name, 0, "a fallible function that panics says so, and which it was");
        fallible++;
    }
    CHECK(fallible > 0 && polyai_live_handles() == with_handles + fallible);
    for (size_t number = 0; number < FUNCTIONS; number++)
        if (functions[number].fallible)
            polyai_error_free(error_of(number));

    converse(living_client);
    free_good_handles();
    CHECK(polyai_live_handles() == before);
    return 0;
}
