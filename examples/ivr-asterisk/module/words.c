#include "asterisk.h"

#include "words.h"

#include "asterisk/utils.h"

#include <stdbool.h>

static bool goes_on(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

/* The length of the character that begins there; 0 where none does (RFC 3629). */
static size_t character_length(const unsigned char *at, size_t left)
{
    unsigned char first = at[0], least = 0x80, most = 0xBF;
    size_t length, index;

    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first <= 0xDF)
        length = 2;
    else if (first >= 0xE0 && first <= 0xEF)
        length = 3;
    else if (first >= 0xF0 && first <= 0xF4)
        length = 4;
    else
        return 0;
    if (left < length)
        return 0;
    if (first == 0xE0)
        least = 0xA0; /* no longer than needed */
    else if (first == 0xED)
        most = 0x9F; /* no half of a UTF-16 pair */
    else if (first == 0xF0)
        least = 0x90;
    else if (first == 0xF4)
        most = 0x8F; /* nothing above U+10FFFF */
    if (at[1] < least || at[1] > most)
        return 0;
    for (index = 2; index < length; index++)
        if (!goes_on(at[index]))
            return 0;
    return length;
}

char *words_of(const char *bytes, size_t length)
{
    static const char replacement[] = "\xEF\xBF\xBD";
    const unsigned char *at = (const unsigned char *)bytes;
    char *words = ast_malloc(length * (sizeof replacement - 1) + 1);
    char *end = words;

    if (!words)
        return NULL;
    while (length) {
        size_t whole = character_length(at, length);

        if (whole) {
            memcpy(end, at, whole);
            end += whole;
        } else {
            memcpy(end, replacement, sizeof replacement - 1);
            end += sizeof replacement - 1;
            for (whole = 1; whole < length && goes_on(at[whole]); whole++) {
            }
        }
        at += whole;
        length -= whole;
    }
    *end = '\0';
    return words;
}

/* Of Unicode: Cc, the line and paragraph separators, and those of Cf that have no shape of their own. */
static bool is_control(const unsigned char *at, size_t length)
{
    static const struct {
        unsigned first, last;
    } ranges[] = {
        { 0x00, 0x1F }, { 0x7F, 0x9F }, { 0xAD, 0xAD }, { 0x0600, 0x0605 }, { 0x061C, 0x061C }, { 0x06DD, 0x06DD }, { 0x070F, 0x070F },
        { 0x180E, 0x180E }, { 0x200B, 0x200F }, { 0x2028, 0x202E }, { 0x2060, 0x206F }, { 0xFEFF, 0xFEFF }, { 0xFFF9, 0xFFFB },
        { 0x1D173, 0x1D17A }, { 0xE0001, 0xE007F },
    };
    unsigned code = length == 1 ? at[0] : at[0] & (0x7Fu >> length);
    size_t index;

    for (index = 1; index < length; index++)
        code = code << 6 | (at[index] & 0x3F);
    for (index = 0; index < ARRAY_LEN(ranges); index++)
        if (code >= ranges[index].first && code <= ranges[index].last)
            return true;
    return false;
}

char *words_plain(const char *text, size_t most)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t left = strnlen(text, most), size = 0;
    char *plain = ast_malloc(most + 1);

    if (!plain)
        return NULL;
    while (left && goes_on(at[left])) /* the cut is inside of a character */
        left--;
    while (left) {
        size_t length = character_length(at, left);

        if (!length || is_control(at, length)) {
            plain[size++] = ' ';
            length = length ? length : 1;
        } else {
            memcpy(plain + size, at, length);
            size += length;
        }
        at += length;
        left -= length;
    }
    plain[size] = '\0';
    return plain;
}

size_t words_piece(const char *text, size_t length, size_t most)
{
    size_t end;

    if (length <= most)
        return length;
    for (end = most; end > most / 2; end--)
        if (text[end - 1] == ' ' || text[end - 1] == '\n')
            return end;
    for (end = most; end > 1 && goes_on((unsigned char)text[end]); end--) {
    }
    return end;
}
