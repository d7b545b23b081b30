/* Asks the library through the header of C++ which options and fields there are, and prints what it says, a line each. */

#include <polyai_chat.hpp>

#include <iostream>

int main()
{
    polyai::Config config;
    polyai::Request request;
    const polyai::Error of_option = config.try_set("no_such_name", "").error();
    const polyai::Error of_field = request.try_set("no_such_name", "").error();
    std::cout << polyai::options_json() << '\n' << of_option.message() << '\n' << of_field.message() << '\n';
    return 0;
}
