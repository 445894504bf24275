from ops.command_line import main

main()
