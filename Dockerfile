# The course with R, Python and all packages:
#   docker build -t deeptwins .
#   docker run --rm deeptwins
FROM rocker/r-ver:4.5 AS system
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git g++ make python3 python3-venv libpython3-dev \
 && rm -rf /var/lib/apt/lists/*

# .devcontainer stops above: the folder of the course is mounted there, and set up then.
FROM system
WORKDIR /deeptwins
COPY . .
RUN make setup
CMD ["make", "run"]
