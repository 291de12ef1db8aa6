// src/cli/main.cpp: the native `payoff` program; the Python entry point calls the same run()
#include "cli/commands.hpp"

int main(int argc, char** argv) { return payoff::cli::run(argc, argv); }
