module picloud

go 1.26
