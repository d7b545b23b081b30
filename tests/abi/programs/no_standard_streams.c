/* A daemon that has closed its standard input, output and error: the sockets of the library take their numbers. */
#include "check.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int sockets_in_place_of_streams(void)
{
    int sockets = 0;
    for (int descriptor = 0; descriptor < 3; descriptor++) {
        struct stat about;
        sockets += fstat(descriptor, &about) == 0 && S_ISSOCK(about.st_mode);
    }
    return sockets;
}

int main(void)
{
    int to = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 50);
    int complaints = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 50);
    CHECK(to >= 50 && complaints >= 50);
    stderr = fdopen(complaints, "w");
    fclose(stdin);
    fclose(stdout);
    close(STDERR_FILENO);

    polyai_client *client = client_of_environment();
    polyai_conversation *conversations[3];
    polyai_turn *turns[3];
    for (int round = 0; round < 5; round++) {
        /* Three connections at the same time. */
        for (int index = 0; index < 3; index++) {
            conversations[index] = create(client);
            CHECK(polyai_conversation_start_respond(conversations[index], TEXT("slow"), NULL, &turns[index], NULL) == POLYAI_STATUS_OK);
        }
        for (int index = 0; index < 3; index++) {
            polyai_reply *reply = NULL;
            polyai_error *error = NULL;
            OK(polyai_turn_take_reply(turns[index], &reply, &error), error);
            CHECK(strcmp(polyai_reply_response(reply, NULL), "That took a while.") == 0);
            polyai_reply_free(reply);
            polyai_turn_free(turns[index]);
        }
        CHECK(sockets_in_place_of_streams() == 3);
        for (int index = 0; index < 3; index++)
            close_and_free(conversations[index]);
    }
    polyai_client_free(client);
    dprintf(to, "done\n");
    return 0;
}
