# The gradients that 03_backprop writes by hand, against central differences.

twin <- twin_names(
  "03_backprop", c("constants", "forward", "backward"),
  seed = identity
)
solution <- twin_names("solutions/03_backprop", "network")

#' Run the gates at a point, without what they print
gates_at <- function(point) {
  capture.output(
    found <- twin_names(
      "03_backprop", c("gates", "numeric"),
      POINT = point, STEP = twin$STEP
    )
  )
  found
}

gates <- gates_at(twin$POINT)

#' Random inputs, labels and weights, away from ReLU's kink
problem <- function(number) {
  set.seed(number)
  points <- sample(2:12, 1)
  inputs <- sample(1:3, 1)
  units <- sample(1:6, 1)
  repeat {
    x <- matrix(rnorm(points * inputs), points)
    weights <- list(
      matrix(rnorm(inputs * units), inputs), rnorm(units),
      matrix(rnorm(units), units), rnorm(1)
    )
    before <- sweep(x %*% weights[[1]], 2, weights[[2]], "+")
    if (min(abs(before)) > 1e-3) break
  }
  y <- matrix(sample(0:1, points, replace = TRUE), points)
  list(x = x, y = y, weights = weights)
}

#' Central differences of a loss over every single weight
by_differences <- function(loss, weights) {
  gates$numeric_gradient(
    function(vector) loss(relist(vector, weights)),
    unlist(weights)
  )
}

test_that("gates follow the chain rule at any point", {
  set.seed(1)
  for (trial in 1:20) {
    point <- sample(-100:100, 3)
    found <- gates_at(point)
    expect_equal(found$f, (point[1] + point[2]) * point[3])
    expect_equal(
      c(found$dx, found$dy, found$dz),
      c(point[3], point[3], point[1] + point[2])
    )
  }
})

test_that("the numeric gradient is that of known derivatives", {
  point <- c(0.3, -1.2, 2)
  expect_equal(
    gates$numeric_gradient(function(at) sum(sin(at)), point), cos(point),
    tolerance = 1e-9
  )
  expect_equal(
    gates$numeric_gradient(prod, point), prod(point) / point,
    tolerance = 1e-9
  )
})

test_that("backward() agrees with central differences, relu and tanh", {
  for (number in 1:20) {
    one <- problem(number)
    ours <- twin$backward(one$x, one$y, one$weights)
    steps <- by_differences(
      function(w) twin$cross_entropy(one$y, twin$forward(one$x, w)$p),
      one$weights
    )
    expect_equal(lapply(ours, length), lapply(one$weights, length))
    expect_lt(gates$relative_error(unlist(ours), steps), twin$TOLERANCE)

    ours <- solution$backward(one$x, one$y, one$weights)
    steps <- by_differences(
      function(w) solution$cross_entropy(one$x, one$y, w),
      one$weights
    )
    expect_lt(gates$relative_error(unlist(ours), steps), twin$TOLERANCE)
  }
})

test_that("the check finds a wrong gradient", {
  one <- problem(1)
  right <- unlist(twin$backward(one$x, one$y, one$weights))
  steps <- by_differences(
    function(w) twin$cross_entropy(one$y, twin$forward(one$x, w)$p),
    one$weights
  )
  large <- which(abs(right) > 1e-3)
  expect_gt(length(large), 0)
  for (i in large) {
    wrong <- right
    wrong[i] <- wrong[i] * 1.01
    expect_gt(gates$relative_error(wrong, steps), twin$TOLERANCE)
  }
})
