/* The file of cpp_two_modes_with.cpp that is compiled without exceptions. */
#include "cpp_check.hpp"

int from_the_file_without(polyai::Client& client);

int from_the_file_without(polyai::Client& client)
{
    int lines = 0;
    polyai::Config config;
    config.try_load_environment().value();
    config.try_on_log([&lines](polyai::LogLevel, std::string_view) { ++lines; }).value();
    polyai::Client own = polyai::Client::try_make(config).value();
    polyai::Conversation conversation = own.try_create().value();
    return client && conversation ? lines : -1;
}
