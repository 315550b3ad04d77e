// What the others are measured by.
#include <Eigen/Core>

int main() {}
